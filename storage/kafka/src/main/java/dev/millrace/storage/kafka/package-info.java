/// A store made of the topics themselves: traces and figures are served from state that any
/// instance builds from the log, and nothing is in it that cannot be built again.
///
/// What is kept: start at [StreamsRun], which keeps one Kafka Streams application going, and at
/// [TraceTopology], which says what that does with a record. A [PartitionIndex] is what Kafka
/// Streams takes for a state store: around the embedded store's index of one partition, a
/// [RecordIndex], with the offset up to which that is durable. [Partitions] is what those who ask
/// see of it. [DependencyTopology] does the same for the figures of services, of which a
/// [DependencyPartition] keeps the sums.
///
/// What is asked: each instance has some [Partitions], and all of them answer for all. Start at
/// [KafkaTraceStore]. A [Question] goes to whoever has a part of the answer, which [AskingPlan]
/// decides and [Scatter] carries out; [PeerServer] answers the others, [PeerClient] asks them.
///
/// What a record is, `pipeline` knows; how spans are found again, `storage/local`.
@NullMarked
package dev.millrace.storage.kafka;

import org.jspecify.annotations.NullMarked;
