package dev.millrace.pipeline;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.assembly.ClosedTrace;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Provenance;
import dev.millrace.wire.otlp.TraceChunk;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/// Everything the aggregator writes, in the transaction that commits its positions.
///
/// Outputs of partition p of `spans` go to partition p mod n of their topic. The transaction is
/// begun with the first record; the loop ends it.
final class AggregatorOutput {

    private final Producer<byte[], byte[]> producer;
    private final TopicsConfig topics;
    private final AggregatorMetrics metrics;

    /// Per partition of `sampling-decisions`: the end as far as it is known. Decisions sent later
    /// come at this offset or after it.
    private final AtomicLongArray decisionEnds;

    private boolean inTransaction;

    AggregatorOutput(
            Producer<byte[], byte[]> producer, TopicsConfig topics, AggregatorMetrics metrics) {
        this.producer = producer;
        this.topics = topics;
        this.metrics = metrics;
        this.decisionEnds = new AtomicLongArray(topics.samplingDecisions().partitions());
    }

    /// @param spans which these are
    void part(TopicPartition source, ClosedTrace trace, int part, Slice body, Provenance spans) {
        var message =
                new ProducerRecord<>(
                        topics.fullName(topics.tracesComplete()),
                        source.partition() % topics.tracesComplete().partitions(),
                        TraceKey.of(trace.traceId()),
                        body.toByteArray(),
                        RecordHeaders.of(trace.tenant()));
        var headers = message.headers();
        headers.add(RecordHeaders.PROVENANCE, RecordHeaders.value(spans.text()));
        if (trace.late()) {
            headers.add(RecordHeaders.LATE, RecordHeaders.value(trace.fragment()));
        }
        if (trace.parts() > 1) {
            headers.add(RecordHeaders.PART, RecordHeaders.value(part + 1));
            if (part + 1 == trace.parts()) {
                headers.add(RecordHeaders.PARTS, RecordHeaders.value(part + 1));
            }
        }
        send(message);
        var zipkins = topics.zipkin().traces();
        if (zipkins != null && trace.tenant().equals(Tenant.DEFAULT)) {
            zipkins(zipkins.name(), trace.traceId(), body);
        }
    }

    /// Kafka puts these where their keys do, as it does those of zipkin-storage-kafka.
    private void zipkins(String topic, TraceId traceId, Slice body) {
        var made = ZipkinEncoder.protobuf(body, KafkaClients.MAX_RECORD_BYTES);
        byte[] key = TraceKey.zipkin(traceId);
        for (var list : made.lists()) {
            send(new ProducerRecord<>(topic, key, list.toByteArray()));
        }
        metrics.zipkinLeftOut.increment(made.leftOut());
    }

    void decide(Decision decision) {
        int partition = decisionsPartition(decision.partition());
        begin();
        var _ =
                producer.send(
                        new ProducerRecord<>(
                                topics.fullName(topics.samplingDecisions()),
                                partition,
                                TraceKey.of(decision.trace().traceId()),
                                decision.encode(),
                                RecordHeaders.of(decision.trace().tenant())),
                        (written, failure) -> {
                            if (failure == null) {
                                decisionEnds.accumulateAndGet(
                                        partition, written.offset() + 1, Math::max);
                            }
                        });
    }

    void account(TopicPartition source, LedgerEntry entry) {
        send(
                new ProducerRecord<>(
                        topics.fullName(topics.ledger()),
                        source.partition() % topics.ledger().partitions(),
                        null,
                        LedgerCodec.encode(entry)));
    }

    /// Figures of one tenant since the last commit.
    ///
    /// @return how many bytes they take
    int dependencies(DependencyDelta delta) {
        var message = FiguresRecord.of(delta, topics);
        send(message);
        return message.value().length;
    }

    /// Whether there are readers of links as Zipkin has them.
    boolean wantsLinks() {
        return topics.zipkin().links() != null;
    }

    /// The links among these figures, one record for each minute and pair of services.
    ///
    /// A link's record is stamped with its minute, which is what those who read it file it under,
    /// but never ahead of the log, which a broker may refuse.
    ///
    /// @param logTime milliseconds since the epoch
    void links(DependencyDelta delta, long logTime) {
        var topic = topics.zipkin().links();
        if (topic == null || !delta.tenant().equals(Tenant.DEFAULT)) {
            return;
        }
        for (var link : ZipkinLinks.of(delta)) {
            long millis = Math.min(link.minute() * 60_000, logTime);
            send(
                    new ProducerRecord<>(
                            topic.name(),
                            null,
                            millis > 0 ? millis : null,
                            RecordHeaders.value(link.key()),
                            link.link().json().toByteArray()));
        }
    }

    void deadLetter(
            TopicPartition source,
            long offset,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Iterable<Header> headers,
            String reason) {
        send(
                DeadLetters.message(
                        topics.fullName(topics.deadLetters()),
                        source.partition() % topics.deadLetters().partitions(),
                        source,
                        offset,
                        key,
                        value,
                        headers,
                        reason));
    }

    /// Sends the spans of a trace that a foreign writer put on the wrong partition to their own; in
    /// Zipkin's form where others read the topic that know no other. What a foreign writer put
    /// wrong at a site goes to our own topic: in the site's it would need a time, and there is none
    /// for it here.
    void forward(ConsumerRecord<byte[], byte[]> message, int partition, TraceChunk chunk) {
        var dialect = topics.dialect();
        var encoding = dialect.zipkinKeys() ? Encoding.ZIPKIN_PROTO : Encoding.OTLP_PROTO;
        byte[] value = encoding.values(chunk.body()).getFirst();
        if (value.length > KafkaClients.MAX_RECORD_BYTES) {
            encoding = Encoding.OTLP_PROTO;
            value = chunk.body().toByteArray();
        }
        var moved =
                new ProducerRecord<>(
                        topics.isMirrored(message.topic())
                                ? topics.fullName(topics.spans())
                                : message.topic(),
                        partition,
                        null,
                        dialect.key(chunk.traceId(), encoding.isZipkins()),
                        value,
                        message.headers());
        var headers = moved.headers();
        headers.remove(RecordHeaders.KEYING)
                .remove(RecordHeaders.WRITER)
                .remove(RecordHeaders.ENCODING);
        if (encoding != Encoding.OTLP_PROTO || dialect.unnamed() != null) {
            headers.add(RecordHeaders.ENCODING, RecordHeaders.value(encoding.word()));
        }
        send(moved);
    }

    private void send(ProducerRecord<byte[], byte[]> message) {
        begin();
        // A failed send fails the transaction, which is where it is dealt with.
        var _ = producer.send(message);
    }

    void begin() {
        if (!inTransaction) {
            producer.beginTransaction();
            inTransaction = true;
        }
    }

    boolean inTransaction() {
        return inTransaction;
    }

    void ended() {
        inTransaction = false;
    }

    void knowEnd(TopicPartition source, long end) {
        decisionEnds.accumulateAndGet(decisionsPartition(source.partition()), end, Math::max);
    }

    long knownEnd(TopicPartition source) {
        return decisionEnds.get(decisionsPartition(source.partition()));
    }

    private int decisionsPartition(int spansPartition) {
        return spansPartition % topics.samplingDecisions().partitions();
    }
}
