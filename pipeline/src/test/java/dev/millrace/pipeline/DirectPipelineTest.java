package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.Enrichment;
import dev.millrace.enrichment.api.Enricher;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.testkit.FakeClock;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DirectPipelineTest {

    private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final RememberingStore store = new RememberingStore();
    private final DirectPipeline pipeline =
            new DirectPipeline(
                    AssemblyConfig.DEFAULT,
                    ByteSize.parse("4KiB"),
                    store,
                    clock,
                    new SimpleMeterRegistry());

    @AfterEach
    void close() {
        pipeline.close();
    }

    @Test
    void writesATraceOnceTheQuietPeriodIsOver() {
        // Given
        pipeline.start();
        accept(chunk(1, 1, 10));
        accept(chunk(1, 2, 10));

        // When
        clock.advance(Duration.ofSeconds(9));
        accept(chunk(2, 1, 10));
        clock.advance(Duration.ofSeconds(5));

        // Then
        await().until(() -> store.fragments.size() == 1);
        assertThat(OtlpDecoder.spans(store.fragments.getFirst().body())).hasSize(2);
    }

    @Test
    void writesWhatIsOpenWhenItStops() {
        pipeline.start();
        accept(chunk(1, 1, 10));

        pipeline.close();

        assertThat(store.fragments).hasSize(1);
    }

    @Test
    void tellsTheSenderToWaitWhenMemoryIsFull() {
        // Given: it is not started, so nothing leaves.
        accept(chunk(1, 1, 3_000));

        // When, Then
        assertThatThrownBy(() -> accept(chunk(2, 1, 3_000)))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(SinkException.class);

        // When there is room again
        pipeline.start();
        clock.advance(Duration.ofSeconds(20));
        await().until(() -> store.fragments.size() == 1);
        accept(chunk(2, 1, 3_000));
    }

    @Test
    void keepsTryingWhileTheStoreIsAway() {
        store.failures.set(2);
        pipeline.start();
        accept(chunk(1, 1, 10));
        clock.advance(Duration.ofSeconds(20));

        await().until(() -> store.fragments.size() == 1);
    }

    @Test
    void enrichesWhatItStoresAndCountsWhatItCannot() {
        // Given
        Enricher enricher =
                trace -> {
                    if (trace.traceId().low() == 2) {
                        throw new IllegalStateException("not this one");
                    }
                    trace.spans().getFirst().attributes().set("team", "web");
                };
        var registry = new SimpleMeterRegistry();
        var enrichment = new Enrichment(List.of(new Enrichment.Step("team", enricher)));
        try (var enriching =
                new DirectPipeline(
                        AssemblyConfig.DEFAULT.with(enrichment),
                        ByteSize.parse("4KiB"),
                        store,
                        clock,
                        registry)) {
            enriching.start();

            // When
            enriching.accept(Tenant.DEFAULT, List.of(chunk(1, 1, 10), chunk(2, 1, 10))).join();
        }

        // Then
        assertThat(store.fragments).hasSize(1);
        assertThat(OtlpDecoder.spans(store.fragments.getFirst().body()).getFirst().attributes())
                .hasToString("{team=web}");
        assertThat(
                        registry.get("millrace.enrichment.refused.traces")
                                .tag("enricher", "team")
                                .counter()
                                .count())
                .isOne();
    }

    private void accept(TraceChunk chunk) {
        pipeline.accept(Tenant.DEFAULT, List.of(chunk)).join();
    }

    private static TraceChunk chunk(long trace, long id, int nameLength) {
        var traceId = new TraceId(1, trace);
        var span = Span.builder(traceId, new SpanId(id)).name("n".repeat(nameLength)).build();
        return new TraceChunk(traceId, OtlpEncoder.encode(List.of(span)), 1);
    }

    /// Keeps what it is given; fails as often as it is told to.
    private static final class RememberingStore implements TraceStore {
        private final List<Fragment> fragments = new CopyOnWriteArrayList<>();
        private final AtomicInteger failures = new AtomicInteger();

        @Override
        public void write(List<Fragment> written) {
            if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new StoreException(StoreException.Kind.UNAVAILABLE, "away");
            }
            fragments.addAll(written);
        }

        @Override
        public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
            throw new AssertionError("only written to");
        }

        @Override
        public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
            throw new AssertionError("only written to");
        }

        @Override
        public TraceVersion version(Tenant tenant, TraceId traceId) {
            throw new AssertionError("only written to");
        }

        @Override
        public SearchPage search(Tenant tenant, TraceSearch search) {
            throw new AssertionError("only written to");
        }

        @Override
        public List<String> services(Tenant tenant) {
            throw new AssertionError("only written to");
        }

        @Override
        public List<Operation> operations(Tenant tenant, String service) {
            throw new AssertionError("only written to");
        }

        @Override
        public Expired expire(Instant horizon) {
            throw new AssertionError("only written to");
        }

        @Override
        public void close() {}
    }
}
