package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class SpanPackerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long SEED = 8_128;

    private record Sent(ProducerRecord<byte[], byte[]> record, Callback callback) {

        List<TraceChunk> traces() {
            return PackedSpans.byTrace(Slice.of(record.value()));
        }
    }

    private final Chunks chunks = new Chunks(SEED);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SinkMeters meters = new SinkMeters(registry);
    private final AtomicLong inFlight = new AtomicLong();
    private final List<Sent> sent = new CopyOnWriteArrayList<>();

    @Test
    void putsWhatSeveralRequestsHaveForAPartitionIntoOneRecordInTheirOrder() {
        // Given
        var packer = packer(1);
        var first = chunks.several(3);
        var second = chunks.several(2);

        // When
        var one = add(packer, Tenant.DEFAULT, first);
        var two = add(packer, Tenant.DEFAULT, second);
        packer.close();

        // Then
        assertThat(sent).hasSize(1);
        var all = new ArrayList<>(first);
        all.addAll(second);
        assertThat(sent.getFirst().traces())
                .as("seed %s", SEED)
                .extracting(TraceChunk::traceId)
                .containsExactlyElementsOf(all.stream().map(TraceChunk::traceId).toList());
        assertThat(one.future()).isNotDone();
        sent.getFirst().callback().onCompletion(null, null);
        assertThat(one.future()).isCompleted();
        assertThat(two.future()).isCompleted();
        assertThat(inFlight).hasValue(0);
    }

    @Test
    void failsTheRequestsOfAFailedRecordAndNoOthers() {
        // Given
        var packer = packer(2);
        var low = ofPartition(0, 2);
        var high = ofPartition(1, 2);
        var onlyLow = add(packer, Tenant.DEFAULT, List.of(low.getFirst()));
        var both = add(packer, Tenant.DEFAULT, List.of(low.getLast(), high.getFirst()));
        var onlyHigh = add(packer, Tenant.DEFAULT, List.of(high.getLast()));
        packer.close();

        // When
        assertThat(sent).hasSize(2);
        for (var each : sent) {
            each.callback()
                    .onCompletion(
                            null, each.record().partition() == 0 ? new TimeoutException() : null);
        }

        // Then
        assertThat(onlyLow.future()).isCompletedExceptionally();
        assertThat(both.future()).isCompletedExceptionally();
        assertThat(onlyHigh.future()).isCompleted();
        assertThat(inFlight).hasValue(0);
    }

    @Test
    void failsTheRequestsOfARecordThatCannotBeHandedOver() {
        // Given
        var packer =
                new SpanPacker(
                        records(1),
                        1,
                        (_, _, _) -> {
                            throw new IllegalStateException("closed");
                        });

        // When
        var delivery = add(packer, Tenant.DEFAULT, chunks.several(3));
        packer.close();

        // Then
        assertThat(delivery.future()).isCompletedExceptionally();
        assertThat(inFlight).hasValue(0);
    }

    @Test
    void sendsALargeRecordAtOnceAndNoneThatIsTooLarge() {
        // Given
        var packer = packer(1);
        var pieces = new ArrayList<TraceChunk>();
        for (int i = 0; i < 10; i++) {
            pieces.add(chunks.one(1, 100 << 10));
        }
        pieces.add(chunks.one(1, 1 << 20));

        // When
        add(packer, Tenant.DEFAULT, pieces);

        // Then: two at a time, and the large one alone.
        assertThat(sent).extracting(each -> each.traces().size()).containsExactly(2, 2, 2, 2, 2, 1);
        assertThat(sent.subList(0, 5))
                .allSatisfy(each ->
                        assertThat(each.record().value())
                                .hasSizeLessThanOrEqualTo(SpanPacker.RECORD_BYTES));
    }

    @Test
    void keepsTenantsApart() {
        // Given
        var packer = packer(1);

        // When
        add(packer, Tenant.DEFAULT, chunks.several(1));
        add(packer, new Tenant("acme"), chunks.several(1));
        add(packer, Tenant.DEFAULT, chunks.several(1));
        packer.close();

        // Then
        assertThat(sent)
                .extracting(each -> RecordHeaders.text(each.record().headers(), "tenant"))
                .containsExactlyInAnyOrder(null, "acme");
        assertThat(sent)
                .allSatisfy(each ->
                        assertThat(Keying.of(each.record().headers())).isEqualTo(Keying.PACKED));
    }

    @Test
    void sendsWhatHasWaitedWithoutBeingTold() {
        // Given
        try (var packer = packer(8)) {
            packer.start();

            for (int round = 1; round <= 3; round++) {
                // When
                int before = sent.size();
                var delivery = add(packer, Tenant.DEFAULT, chunks.several(1));

                // Then
                await().atMost(PATIENCE).until(() -> sent.size() > before);
                sent.getLast().callback().onCompletion(null, null);
                assertThat(delivery.future()).isCompleted();
            }
        }
    }

    @Test
    void losesNothingBetweenThreadsThatAddAndOneThatCloses() throws Exception {
        // Given
        var packer =
                new SpanPacker(
                        records(4), 4, (_, _, callback) -> callback.onCompletion(null, null));
        packer.start();
        var deliveries = new CopyOnWriteArrayList<Delivery>();
        var requests = new ArrayList<List<TraceChunk>>();
        for (int i = 0; i < 40; i++) {
            requests.add(chunks.several(5));
        }

        // When
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(() ->
                                    requests.forEach(request ->
                                            deliveries.add(add(packer, Tenant.DEFAULT, request)))));
        }
        await().atMost(PATIENCE).until(() -> deliveries.size() > 20);
        packer.close();
        for (var thread : threads) {
            thread.join();
        }

        // Then: every request hears of what became of it, the late ones that it failed.
        assertThat(deliveries).hasSize(160);
        assertThat(deliveries).allSatisfy(each -> assertThat(each.future()).isDone());
        assertThat(inFlight).hasValue(0);
    }

    private SpanPacker packer(int partitions) {
        return new SpanPacker(
                records(partitions),
                partitions,
                (_, filled, callback) -> sent.add(new Sent(filled.record(), callback)));
    }

    private static SpanRecords records(int partitions) {
        return new SpanRecords(
                "spans", partitions, Keying.PACKED, Encoding.OTLP_PROTO, SpansDialect.OURS);
    }

    private List<TraceChunk> ofPartition(int partition, int count) {
        var found = new ArrayList<TraceChunk>();
        while (found.size() < count) {
            var chunk = chunks.one(1, 0);
            var id = chunk.traceId();
            if (TraceKey.partition(id.high(), id.low(), 2) == partition) {
                found.add(chunk);
            }
        }
        return found;
    }

    private Delivery add(SpanPacker packer, Tenant tenant, List<TraceChunk> pieces) {
        inFlight.addAndGet(1);
        var delivery =
                new Delivery(
                        pieces.size(),
                        1,
                        pieces.size(),
                        inFlight,
                        meters,
                        new LogGate(meters.clock()));
        packer.add(tenant, pieces, delivery);
        return delivery;
    }
}
