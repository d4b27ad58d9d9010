package dev.millrace.verification;

/// What befalls a server under load.
enum StoreFault {
    KILL("killed (-9), started again"),
    STOP("stopped, started again"),
    FREEZE("frozen (SIGSTOP)"),
    DISK("disk full");

    private final String words;

    StoreFault(String words) {
        this.words = words;
    }

    /// For people.
    String words() {
        return words;
    }
}
