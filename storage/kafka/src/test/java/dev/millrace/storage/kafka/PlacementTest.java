package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.Aggregator;
import dev.millrace.pipeline.AggregatorConfig;
import dev.millrace.pipeline.FiguresConfig;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaSpanSink;
import dev.millrace.pipeline.SinkConfig;
import dev.millrace.pipeline.TailConfig;
import dev.millrace.pipeline.Topics;
import dev.millrace.pipeline.TopicsConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.storage.api.StoreException;
import dev.millrace.testkit.KafkaFixture;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Traces are asked for where a real aggregator has put them.
final class PlacementTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration WEEK = Duration.ofDays(7);
    private static final int TRACES = 20;

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final KafkaClients clients = StreamsRunTest.clients(kafka);
    private final String name = KafkaFixture.uniqueName("placement");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @TempDir private Path directory;

    @Test
    void findsTracesWhereTheCountsOfTheTwoTopicsDoNotDivideEachOther() throws Exception {
        // Given
        var topics = topics(5, 3);
        var placement = Placement.inTracesComplete(topics);
        try (var admin = clients.admin("placement")) {
            new Topics(admin, clients.config(), topics).ensure(PATIENCE);
        }
        try (var sink = new KafkaSpanSink(clients, topics, SinkConfig.defaults(), registry);
                var aggregator = aggregator(topics);
                var store = store(topics, placement)) {
            sink.start();
            aggregator.start();
            store.start();
            await().atMost(PATIENCE).until(sink::ready);

            // When
            var chunks =
                    IntStream.rangeClosed(1, TRACES)
                            .mapToObj(number -> {
                                var spans = Records.value(Records.span(trace(number), 1));
                                return new TraceChunk(trace(number), Slice.of(spans), 1);
                            })
                            .toList();
            sink.accept(Tenant.DEFAULT, chunks).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

            // Then
            await().atMost(PATIENCE)
                    .ignoreExceptionsInstanceOf(StoreException.class)
                    .untilAsserted(() ->
                            assertThat(IntStream.rangeClosed(1, TRACES))
                                    .allMatch(number ->
                                            store.store()
                                                    .trace(Tenant.DEFAULT, trace(number))
                                                    .isPresent()));
        }
        // Or there was nothing to get wrong.
        assertThat(IntStream.rangeClosed(1, TRACES))
                .anyMatch(number ->
                        placement.partition(trace(number), 3)
                                != Placement.BY_ID.partition(trace(number), 3));
    }

    private Aggregator aggregator(TopicsConfig topics) {
        var config =
                new AggregatorConfig(
                        name,
                        name,
                        1,
                        Duration.ofMillis(20),
                        ByteSize.ofMebibytes(64),
                        directory.resolve("scratch"),
                        new AssemblyConfig(
                                Duration.ofMillis(50),
                                Duration.ofMinutes(5),
                                Duration.ofMinutes(10),
                                1_000,
                                ByteSize.ofMebibytes(4),
                                10_000),
                        TailConfig.KEEP_ALL,
                        FiguresConfig.DEFAULT);
        return new Aggregator(
                clients, config, topics, registry, InstantSource.system(), System::nanoTime);
    }

    private KafkaStore store(TopicsConfig topics, Placement placement) {
        var config =
                Stores.config(
                        name + "-store",
                        topics.fullName(topics.tracesComplete()),
                        "one",
                        Instances.nobody().port(),
                        directory.resolve("store"));
        var here = config.instance().here();
        return new KafkaStore(
                new KafkaStore.Traces(config, placement),
                null,
                here,
                PeerConfig.plain(here.host(), here.port(), null),
                null,
                clients,
                registry,
                InstantSource.fixed(Records.NOW));
    }

    private TopicsConfig topics(int spans, int complete) {
        return new TopicsConfig(
                name + ".",
                new Topic("spans", spans, WEEK),
                new Topic("traces-complete", complete, WEEK),
                new Topic("sampling-decisions", 1, WEEK),
                new Topic("sampling-control", 1, WEEK),
                new Topic("ledger", 1, WEEK),
                new Topic("dependencies", 1, WEEK),
                new Topic("dead-letters", 1, WEEK));
    }
}
