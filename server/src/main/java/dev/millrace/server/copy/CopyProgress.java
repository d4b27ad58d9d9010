package dev.millrace.server.copy;

/// How far a copy is.
///
/// @param share of the time range that is copied, 0 to 1
/// @param what is being done, a word for people
public record CopyProgress(double share, String what, long traces, long spans) {

    private static final int WIDTH = 30;

    /// With a bar, for a terminal.
    public String bar() {
        int full = (int) Math.round(WIDTH * Math.clamp(share, 0, 1));
        return "[" + "#".repeat(full) + ".".repeat(WIDTH - full) + "] " + this;
    }

    @Override
    public String toString() {
        return "%3.0f %%  %s  %,d traces  %,d spans".formatted(100 * share, what, traces, spans);
    }
}
