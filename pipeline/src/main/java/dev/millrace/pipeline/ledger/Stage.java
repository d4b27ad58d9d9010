package dev.millrace.pipeline.ledger;

/// Who makes an entry, and how far it has come with it.
public sealed interface Stage {

    /// A collector.
    ///
    /// @param writer one life of one collector, which every record it writes names
    record Collector(long writer) implements Stage {}

    /// The owner of a partition of `spans`, or of the mirrored topic of a site.
    ///
    /// @param topic its full name
    /// @param number of this entry among those of the partition, counted from 1
    /// @param position what lies before it is accounted for by the entries up to this one, or is
    ///   part of an open trace
    /// @param resumeOffset the first offset that can be part of an open trace
    /// @param decisionsFrom where the decisions begin that tell which traces are open
    /// @param missedFrom the first offset that retention took before it was read; as much as
    ///   `missedTo` when nothing was missed
    /// @param missedTo the offset after the last of them
    record Aggregator(
            String topic,
            int partition,
            long number,
            long position,
            long resumeOffset,
            long decisionsFrom,
            long missedFrom,
            long missedTo)
            implements Stage {}

    /// The reader of a partition of what is stored.
    ///
    /// @param topic its full name
    /// @param position what lies before it is accounted for by the entries up to this one
    record Ingester(String topic, int partition, long position) implements Stage {}
}
