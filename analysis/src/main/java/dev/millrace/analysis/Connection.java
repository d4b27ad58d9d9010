package dev.millrace.analysis;

/// How a caller reaches what it calls.
public enum Connection {
    /// Straight, both being instrumented.
    PLAIN(0, "plain"),
    /// By messages.
    MESSAGING(1, "messaging"),
    /// As a database that sends no spans itself.
    DATABASE(2, "database"),
    /// One end sends no spans and is known by what the other says of it.
    VIRTUAL(3, "virtual");

    private final int number;
    private final String word;

    Connection(int number, String word) {
        this.number = number;
        this.word = word;
    }

    /// As messages write it.
    int number() {
        return number;
    }

    /// As people read it.
    public String word() {
        return word;
    }

    static Connection of(int number) {
        for (var connection : values()) {
            if (connection.number == number) {
                return connection;
            }
        }
        return PLAIN;
    }
}
