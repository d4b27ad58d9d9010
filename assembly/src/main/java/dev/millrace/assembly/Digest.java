package dev.millrace.assembly;

import java.util.List;

/// A trace in a few figures.
///
/// @param rootService the service of the root, or of the earliest span when no root has come
/// @param rootOperation the name of that span
/// @param hasRoot whether a span without a parent has come
/// @param startNanos the earliest start, nanoseconds since the epoch
/// @param durationNanos from the earliest start to the latest end
/// @param spans how many spans, duplicates left out
/// @param errors how many of them failed
/// @param duplicates how many copies were left out
/// @param bytes the bodies of all parts together
/// @param services the distinct services, sorted
public record Digest(
        String rootService,
        String rootOperation,
        boolean hasRoot,
        long startNanos,
        long durationNanos,
        int spans,
        int errors,
        int duplicates,
        long bytes,
        List<String> services) {

    /// Of no spans at all.
    public static final Digest NONE = new Digest("", "", false, 0, 0, 0, 0, 0, 0, List.of());

    public Digest {
        services = List.copyOf(services);
    }
}
