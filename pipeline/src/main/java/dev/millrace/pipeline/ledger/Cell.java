package dev.millrace.pipeline.ledger;

import dev.millrace.model.Tenant;

/// Where spans are accounted: whose they are, and where and when the log took them.
///
/// @param source the full name of the mirrored topic of a site; empty for our own `spans`
/// @param partition of it; [#NO_PARTITION] for spans that never came there
/// @param minute of the log's time, in minutes since the epoch
public record Cell(Tenant tenant, String source, int partition, long minute) {

    /// Our own `spans`.
    public static final String OURS = "";

    /// The partition of what a collector's head sampled out.
    public static final int NO_PARTITION = -1;

    /// What people call the topic.
    public String topic() {
        return source.equals(OURS) ? "spans" : source;
    }

    /// In our own `spans`.
    public Cell(Tenant tenant, int partition, long minute) {
        this(tenant, OURS, partition, minute);
    }
}
