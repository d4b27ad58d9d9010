/// The agent: takes spans in beside the programs that make them and forwards them to collectors.
///
/// Start with [Agent], which is a sink for the receivers of `dev.millrace.collector`. What they
/// take in is given the attributes of its node ([ResourceStamp]), gathered and packed ([Batches]),
/// and handed to [Forwarder], which decides what goes to a collector now, what goes to disk, and
/// what comes back from there. [OtlpLink] is the way to the collectors, of which [Upstreams] knows
/// which to ask; [SpoolKeeper] is the way to the disk.
///
/// [Forwarder], [Upstreams], [Lanes] and [Pacer] run no threads and are told the time. Nothing here
/// knows of Kafka.
@NullMarked
package dev.millrace.agent;

import org.jspecify.annotations.NullMarked;
