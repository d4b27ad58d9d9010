package dev.millrace.collector;

/// What holds of the settings of a queue, whoever's broker it is at.
final class QueueRules {

    private static final int MOST = 1_000;

    private QueueRules() {}

    /// @param concurrency how many connections read at the same time
    /// @param window how many messages one connection may have read that are not acknowledged yet
    static void checkReading(String queue, int concurrency, int window) {
        check(!queue.isBlank(), "queue", "\"" + queue + "\"", "a name");
        check(concurrency >= 1 && concurrency <= MOST, "concurrency", concurrency, "1 to " + MOST);
        check(window >= 1 && window <= MOST, "window", window, "1 to " + MOST);
    }

    /// An address that may hold a secret is not shown.
    static void checkNoCredentials(boolean found, String key) {
        check(
                !found,
                key,
                "with credentials",
                "none in it; username and password are keys of their own");
    }

    static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
