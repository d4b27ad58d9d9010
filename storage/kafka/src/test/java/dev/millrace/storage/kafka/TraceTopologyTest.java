package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Records.headers;
import static dev.millrace.storage.kafka.Records.key;
import static dev.millrace.storage.kafka.Records.span;
import static dev.millrace.storage.kafka.Records.value;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Samples;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TraceTopologyTest {

    private static final String TOPIC = "spans";
    private static final int TRACES = 12;

    private final Path directory;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final OpenPartitions open = new OpenPartitions();
    private final TopologyTestDriver driver;
    private final TestInputTopic<byte[], byte[]> topic;

    TraceTopologyTest(@TempDir Path directory) {
        this.directory = directory;
        var config = Stores.config(TOPIC, directory.resolve("state"));
        var settings = new Properties();
        settings.put("application.id", config.application());
        settings.put("state.dir", config.instance().directory().toString());
        driver =
                new TopologyTestDriver(
                        TraceTopology.of(TOPIC, Stores.rules(config, open, registry)),
                        settings,
                        Records.NOW);
        topic =
                driver.createInputTopic(
                        TOPIC, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @BeforeEach
    void isOpen() {
        assertThat(open.find(0)).isPresent();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void keepsWhatEachRecordHoldsForItsTenant() {
        // When
        put(headers(), span(trace(1), 1));
        put(headers("tenant", "acme"), span(trace(2), 1));

        // Then
        assertThat(store().trace(Tenant.DEFAULT, trace(1))).isPresent();
        assertThat(store().trace(Tenant.DEFAULT, trace(2))).isEmpty();
        assertThat(store().trace(new Tenant("acme"), trace(2))).isPresent();
        assertThat(registry.get("millrace.store.kafka.applied").counter().count()).isEqualTo(2);
    }

    @Test
    void readsRecordsOfManyTraces() {
        // When
        topic.pipeInput(
                record(
                        "0".getBytes(UTF_8),
                        value(span(trace(1), 1), span(trace(2), 2), span(trace(1), 3)),
                        headers("keying", "packed")));

        // Then
        assertThat(spansOf(trace(1))).isEqualTo(2);
        assertThat(spansOf(trace(2))).isEqualTo(1);
    }

    @Test
    void aSpanWithoutATimeIsKeptAndStopsNothing() {
        // Given
        String zipkin =
                """
                [{"traceId":"%s","id":"000000000000000a","kind":"SERVER","shared":true,
                  "localEndpoint":{"serviceName":"shop"}}]
                """
                        .formatted(trace(1));

        // When
        topic.pipeInput(
                record(key(trace(1)), zipkin.getBytes(UTF_8), headers("encoding", "zipkin_json")));
        put(headers(), Samples.span(trace(2), 1, TIME).time(0, 0).build());
        put(headers(), span(trace(3), 1));

        // Then
        assertThat(spansOf(trace(1))).isEqualTo(1);
        assertThat(spansOf(trace(2))).isEqualTo(1);
        assertThat(spansOf(trace(3))).isEqualTo(1);
    }

    @Test
    void aRecordThatCannotBeReadIsLeftOutAndCounted() {
        // When
        topic.pipeInput(record(key(trace(1)), "nonsense".getBytes(UTF_8), headers()));
        topic.pipeInput(record("no trace id".getBytes(UTF_8), value(), headers()));
        topic.pipeInput(record(null, value(span(trace(2), 1)), headers()));
        topic.pipeInput(record(key(trace(2)), null, headers()));
        topic.pipeInput(record(key(trace(2)), value(), headers("encoding", "morse")));
        topic.pipeInput(record(key(trace(2)), Records.malformedWithin(trace(2)), headers()));
        put(headers(), span(trace(3), 1));

        // Then
        assertThat(spansOf(trace(3))).isEqualTo(1);
        assertThat(store().trace(Tenant.DEFAULT, trace(2))).isEmpty();
        assertThat(unreadable("key")).isEqualTo(2);
        assertThat(unreadable("value")).isEqualTo(3);
        assertThat(unreadable("encoding")).isEqualTo(1);
    }

    @Test
    void aMarkerIsNoRecordThatCannotBeRead() {
        // When
        topic.pipeInput(record("0".getBytes(UTF_8), null, headers("marker", "")));

        // Then
        assertThat(registry.find("millrace.store.kafka.unreadable").counter()).isNull();
        assertThat(open.find(0).orElseThrow().next()).isEqualTo(1);
    }

    @Test
    void aTraceFromAClockThatIsAheadIsFoundWithAllItsBatches() {
        // Given
        long ahead = Records.NOW.getEpochSecond() * SECOND + 3_600 * SECOND;

        // When
        put(headers(), Samples.span(trace(1), 1, ahead).build());
        put(headers(), Samples.span(trace(1), 2, ahead + SECOND).build());

        // Then
        assertThat(spansOf(trace(1))).isEqualTo(2);
        assertThat(found(TraceSearch.builder().service("shop"))).containsExactly(trace(1));
    }

    @Test
    void aTraceOfDaysAgoIsKeptAndFound() {
        // Given
        long before = TIME - 3 * 86_400L * SECOND;

        // When
        put(headers(), Samples.span(trace(1), 1, before).build());

        // Then
        assertThat(spansOf(trace(1))).isEqualTo(1);
        assertThat(found(TraceSearch.builder().service("shop"))).containsExactly(trace(1));
    }

    @Test
    void aBatchThatComesTwiceIsThereOnce() {
        // When
        put(headers(), span(trace(1), 1), span(trace(1), 2));
        put(headers(), span(trace(1), 1), span(trace(1), 2));

        // Then
        assertThat(spansOf(trace(1))).isEqualTo(2);
    }

    @Test
    void findsTheNewestTracesWhateverTheirIds() {
        // When
        for (int i = 0; i < 40; i++) {
            put(headers(), span(trace(997L * i % 40), i + 1));
        }

        // Then
        assertThat(found(TraceSearch.builder().service("shop").limit(3)))
                .containsExactly(
                        trace(997L * 39 % 40), trace(997L * 38 % 40), trace(997L * 37 % 40));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 20_261_122})
    void lateDuplicateAndReorderedSpansMakeTheSameTraces(long seed) {
        // Given
        var random = new Random(seed);
        var batches = new ArrayList<List<Span>>();
        for (int number = 1; number <= TRACES; number++) {
            batches.addAll(batches(trace(number), random));
        }
        try (var oracle = oracle(batches)) {
            var log = new ArrayList<>(batches);
            batches.stream().filter(_ -> random.nextInt(4) == 0).forEach(log::add);
            Collections.shuffle(log, random);

            // When
            log.forEach(batch -> put(headers(), batch.toArray(Span[]::new)));

            // Then
            for (int number = 1; number <= TRACES; number++) {
                assertThat(store().trace(Tenant.DEFAULT, trace(number)).map(Trace::spans))
                        .as("seed %s, trace %s", seed, number)
                        .isEqualTo(oracle.trace(Tenant.DEFAULT, trace(number)).map(Trace::spans));
            }
            var all = TraceSearch.builder().service("shop").limit(TRACES).build();
            assertThat(store().search(Tenant.DEFAULT, all).traces())
                    .as("seed %s", seed)
                    .isEqualTo(oracle.search(Tenant.DEFAULT, all).traces());
        }
    }

    // Of a trace whose spans come one or a few at a time, some of them hours late, some in two
    // versions.
    private static List<List<Span>> batches(TraceId traceId, Random random) {
        var batches = new ArrayList<List<Span>>();
        int spans = 1 + random.nextInt(6);
        for (int i = 1; i <= spans; i++) {
            // No two at the same time: their order would not be said.
            long start = TIME + random.nextInt(3) * 3_600L * SECOND + i * SECOND;
            var span = Samples.span(traceId, i, start).parentSpanId(i == 1 ? null : new SpanId(1));
            var batch = new ArrayList<Span>();
            batch.add(span.build());
            if (random.nextBoolean()) {
                batch.add(span.name("GET /late").time(start, start + 20 * SECOND).build());
            }
            batches.add(batch);
        }
        return batches;
    }

    private LocalTraceStore oracle(List<List<Span>> batches) {
        var store =
                new LocalTraceStore(
                        LocalStoreConfig.in(directory.resolve("oracle")),
                        new SimpleMeterRegistry());
        store.start();
        var fragments = new ArrayList<Fragment>();
        for (var batch : batches) {
            fragments.add(
                    new Fragment(
                            new FragmentId("oracle", 0, fragments.size()),
                            Tenant.DEFAULT,
                            batch.getFirst().traceId(),
                            OtlpEncoder.encode(batch)));
        }
        store.write(fragments);
        return store;
    }

    private void put(Headers headers, Span... spans) {
        topic.pipeInput(record(key(spans[0].traceId()), value(spans), headers));
    }

    private static TestRecord<byte[], byte[]> record(
            byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        return new TestRecord<>(key, value, headers, Records.NOW);
    }

    private TraceStore store() {
        return open.find(0).orElseThrow().store();
    }

    private int spansOf(TraceId traceId) {
        return store().trace(Tenant.DEFAULT, traceId).orElseThrow().spans().size();
    }

    private List<TraceId> found(TraceSearch.Builder search) {
        return store().search(Tenant.DEFAULT, search.build()).traces().stream()
                .map(Trace::traceId)
                .toList();
    }

    private double unreadable(String reason) {
        return registry.get("millrace.store.kafka.unreadable")
                .tag("reason", reason)
                .counter()
                .count();
    }
}
