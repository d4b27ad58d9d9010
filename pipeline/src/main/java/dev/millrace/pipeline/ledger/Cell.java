package dev.millrace.pipeline.ledger;

import dev.millrace.model.Tenant;

/// Where spans are accounted: whose they are, and where and when the log took them.
///
/// @param partition of `spans`; [#NO_PARTITION] for spans that never came there
/// @param minute of the log's time, in minutes since the epoch
public record Cell(Tenant tenant, int partition, long minute) {

    /// The partition of what a collector's head sampled out.
    public static final int NO_PARTITION = -1;
}
