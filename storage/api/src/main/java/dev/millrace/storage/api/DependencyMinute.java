package dev.millrace.storage.api;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Tenant;
import java.util.List;

/// The figures of one tenant in one minute, as far as one partition of the topic `dependencies`
/// tells of them.
///
/// @param minute since the epoch; 0 for figures of none in particular
/// @param partition of `dependencies`
/// @param upTo the offset in that partition before which everything is counted in: whoever goes on
///   counting begins there
/// @param entries each of this minute, one for each series
public record DependencyMinute(
        Tenant tenant, long minute, int partition, long upTo, List<DependencyDelta.Entry> entries) {

    public DependencyMinute {
        entries = List.copyOf(entries);
        for (var entry : entries) {
            if (entry.minute() != minute) {
                throw new IllegalArgumentException(
                        "entry of minute " + entry.minute() + " (expected: " + minute + ")");
            }
        }
    }
}
