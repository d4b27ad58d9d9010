package dev.millrace.storage.api;

/// How many time windows a store has given up, and why.
///
/// @param tooOld that lay wholly before the horizon
/// @param tooMuch that were the oldest of a store larger than it may be
public record Expired(int tooOld, int tooMuch) {

    public static final Expired NONE = new Expired(0, 0);

    public Expired {
        if (tooOld < 0 || tooMuch < 0) {
            throw new IllegalArgumentException(
                    "windows: " + tooOld + " and " + tooMuch + " (expected: >= 0)");
        }
    }

    /// For their age alone.
    public static Expired tooOld(int windows) {
        return new Expired(windows, 0);
    }

    /// All of them.
    public int windows() {
        return tooOld + tooMuch;
    }
}
