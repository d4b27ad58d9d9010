package dev.millrace.pipeline.ledger;

/// What became of copies of spans at a stage.
public enum Account {
    /// A collector has them acknowledged by Kafka, and acknowledges them to their sender.
    ACKNOWLEDGED(1, "acknowledged"),
    /// A collector's head dropped them, and acknowledged them to their sender.
    HEAD(2, "sampled out at the head"),
    /// The aggregator wrote them to `traces-complete`.
    KEPT(3, "kept"),
    /// The aggregator dropped them; the reason is the rule.
    SAMPLED_OUT(4, "sampled out"),
    /// The aggregator left them out as copies of others.
    DUPLICATE(5, "duplicate"),
    /// A stage put them aside as unreadable or refused. What cannot be read counts as one.
    DEAD_LETTERED(6, "dead-lettered"),
    /// The aggregator moved them to the partition they belong to, where they are read again.
    FORWARDED(7, "forwarded"),
    /// The store has them.
    STORED(8, "stored"),
    /// Of kept ones, those of a trace that is written in parts and not complete: below 0, and taken
    /// back with its last part.
    BEGUN(9, "begun");

    private final int number;
    private final String words;

    Account(int number, String words) {
        this.number = number;
        this.words = words;
    }

    int number() {
        return number;
    }

    /// What people call it.
    public String words() {
        return words;
    }

    /// @throws IllegalArgumentException when no account has this number
    static Account of(long number) {
        for (var account : values()) {
            if (account.number == number) {
                return account;
            }
        }
        throw new IllegalArgumentException("account: " + number + " (expected: 1 to 9)");
    }
}
