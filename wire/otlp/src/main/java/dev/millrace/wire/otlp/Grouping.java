package dev.millrace.wire.otlp;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Which spans of a request share a chunk: those of one trace, those of several traces that a
/// number is the same for, or all of them.
public final class Grouping {

    /// One chunk per trace.
    public static final Grouping TRACE = new Grouping(0, null);

    /// One chunk for the whole request.
    public static final Grouping WHOLE = new Grouping(1, (_, _) -> 0);

    /// Gives every trace id a number below the number of groups.
    @FunctionalInterface
    public interface Numbering {
        int number(long high, long low);
    }

    private final int groups;
    private final @Nullable Numbering numbering;

    private Grouping(int groups, @Nullable Numbering numbering) {
        this.groups = groups;
        this.numbering = numbering;
    }

    /// One chunk per number that occurs.
    public static Grouping numbered(int groups, Numbering numbering) {
        if (groups < 1) {
            throw new IllegalArgumentException("groups: " + groups + " (expected: at least 1)");
        }
        return new Grouping(groups, numbering);
    }

    boolean byTrace() {
        return numbering == null;
    }

    int groups() {
        return groups;
    }

    int number(long high, long low) {
        return Objects.requireNonNull(numbering).number(high, low);
    }
}
