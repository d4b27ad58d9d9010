package dev.millrace.storage.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.kafka.Contents.FiguresReader;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import zipkin2.DependencyLink;
import zipkin2.codec.DependencyLinkBytesEncoder;

/// The topology of the dependency store, one record after the other.
class DependencyTopologyTest {

    private static final String TOPIC = "figures";
    private static final long NOW = FigureTraffic.MINUTE + 30;

    private final MockClock clock = new MockClock();
    private final SimpleMeterRegistry registry =
            new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    private final DependencyStateMeters meters = new DependencyStateMeters(registry);
    private final OpenPartitions here = new OpenPartitions();
    private final Path directory;
    private final List<TopologyTestDriver> drivers = new ArrayList<>();

    DependencyTopologyTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void setTheClock() {
        clock.add(Duration.ofMinutes(NOW));
    }

    @AfterEach
    void close() {
        drivers.forEach(TopologyTestDriver::close);
    }

    @Test
    void addsUpWhatTheCommitsOfAnAggregatorSayInWhateverOrder() {
        // Given
        var traffic = new FigureTraffic(20_261_122, 6);
        var deltas = new ArrayList<DependencyDelta>();
        for (int i = 0; i < 120; i++) {
            deltas.add(traffic.next());
        }
        Collections.shuffle(deltas, new Random(3));

        // When
        var topic = started(config(DependencyFormat.MILLRACE), "a");
        deltas.forEach(delta -> send(topic, delta));

        // Then
        assertThat(FigureTraffic.counted(here.all())).isEqualTo(traffic.sums());
        assertThat(registry.counter("millrace.store.kafka.figures.records").count()).isEqualTo(120);
        assertThat(counted("applied")).isEqualTo(120);
        assertThat(counted("expired")).isZero();
    }

    @Test
    void filesCallsUnderTheMinuteOfTheirSpansWheneverTheyAreRead() {
        // Given
        var topic = started(config(DependencyFormat.MILLRACE), "a");
        var delta = delta(entry(FigureTraffic.MINUTE, 3));

        // When: an hour later.
        topic.pipeInput(
                new TestRecord<>(
                        FigureTraffic.key(delta),
                        FigureTraffic.value(delta),
                        Instant.ofEpochSecond((FigureTraffic.MINUTE + 60) * 60)));

        // Then
        assertThat(figures().dependencies(Tenant.DEFAULT, 1, Long.MAX_VALUE))
                .extracting(DependencyMinute::minute)
                .containsExactly(FigureTraffic.MINUTE);
    }

    @Test
    void aRestartOnTheSameDiskPassesOverWhatItHasAlready() {
        // Given
        var traffic = new FigureTraffic(7, 6);
        var deltas = new ArrayList<DependencyDelta>();
        for (int i = 0; i < 60; i++) {
            deltas.add(traffic.next());
        }
        var first = started(config(DependencyFormat.MILLRACE), "a");
        deltas.subList(0, 40).forEach(delta -> send(first, delta));

        // When: what was on the disk then, and all records once more.
        StateFiles.copy(directory.resolve("a"), directory.resolve("b"));
        drivers.removeFirst().close();
        var second = started(config(DependencyFormat.MILLRACE), "b");
        deltas.forEach(delta -> send(second, delta));

        // Then
        assertThat(FigureTraffic.counted(here.all())).isEqualTo(traffic.sums());
    }

    @Test
    void whatIsNoFiguresIsCountedAndNamedAndTheNextRecordTaken() {
        // Given
        var log = new ListAppender<ILoggingEvent>();
        var logger = (Logger) LoggerFactory.getLogger(DependencyStateMeters.class);
        logger.addAppender(log);
        log.start();
        var topic = started(config(DependencyFormat.MILLRACE), "a");
        var good = delta(entry(FigureTraffic.MINUTE, 3));
        byte[] key = FigureTraffic.key(good);

        // When
        topic.pipeInput(new TestRecord<>(key, FigureTraffic.value(good)));
        topic.pipeInput(new TestRecord<>(key, (byte[]) null));
        topic.pipeInput(new TestRecord<>(key, new byte[] {7, 7, 7}));
        topic.pipeInput(new TestRecord<>(key, "no tenant".getBytes(UTF_8)));
        topic.pipeInput(new TestRecord<>((byte[]) null, FigureTraffic.value(good)));
        topic.pipeInput(new TestRecord<>(key, FigureTraffic.value(good)));
        logger.detachAppender(log);

        // Then
        assertThat(calls(FigureTraffic.MINUTE)).isEqualTo(6);
        assertThat(registry.counter("millrace.store.kafka.figures.unreadable").count())
                .isEqualTo(4);
        assertThat(log.list)
                .singleElement()
                .satisfies(line ->
                        assertThat(line.getKeyValuePairs())
                                .extracting(pair -> pair.key + "=" + pair.value)
                                .containsExactly(
                                        "topic=" + TOPIC,
                                        "partition=0",
                                        "offset=1",
                                        "error=no value (expected: figures)"));
    }

    @Test
    void addsUpZipkinsLinksByTheMinuteOfTheirRecords() {
        // Given
        var topic = started(config(DependencyFormat.ZIPKIN), "a");

        // When: a link for each trace, as zipkin-storage-kafka writes them.
        for (int i = 0; i < 90; i++) {
            topic.pipeInput(
                    new TestRecord<>(
                            "shop:cart".getBytes(UTF_8),
                            DependencyLinkBytesEncoder.JSON_V1.encode(
                                    DependencyLink.newBuilder()
                                            .parent("shop")
                                            .child("cart")
                                            .callCount(2)
                                            .errorCount(i % 2)
                                            .build()),
                            Instant.ofEpochSecond(FigureTraffic.MINUTE * 60 + i)));
        }

        // Then
        assertThat(calls(FigureTraffic.MINUTE)).isEqualTo(120);
        assertThat(calls(FigureTraffic.MINUTE + 1)).isEqualTo(60);
        assertThat(
                        figures().dependencies(Tenant.DEFAULT, 0, Long.MAX_VALUE).stream()
                                .flatMap(minute -> minute.entries().stream())
                                .mapToDouble(entry -> entry.figures().errors())
                                .sum())
                .isEqualTo(45);
    }

    @Test
    void dropsMinutesThatArePastTheirRetentionAndBeginsNoneAgain() {
        // Given: figures are kept for an hour, and written at once.
        var config =
                new DependencyStateConfig(
                        TOPIC,
                        DependencyFormat.MILLRACE,
                        Duration.ofHours(1),
                        Duration.ofMillis(1),
                        1_000);
        var topic = started(config, "a");
        send(topic, delta(entry(0, 1), entry(FigureTraffic.MINUTE, 3), entry(NOW, 5)));

        // When: the first of them is an hour old.
        clock.add(Duration.ofMinutes(31));
        send(topic, delta(entry(FigureTraffic.MINUTE, 7), entry(NOW, 1)));
        send(topic, delta(entry(FigureTraffic.MINUTE, 7)));

        // Then: what is of no minute in particular stays.
        assertThat(figures().dependencies(Tenant.DEFAULT, Long.MIN_VALUE, Long.MAX_VALUE))
                .extracting(DependencyMinute::minute)
                .containsExactlyInAnyOrder(0L, NOW);
        assertThat(calls(NOW)).isEqualTo(6);
        assertThat(counted("expired")).isOne();
    }

    @Test
    void holdsFewSeriesInMemoryHoweverManyMinutesARecordReaches() {
        // Given
        var config =
                new DependencyStateConfig(
                        TOPIC,
                        DependencyFormat.MILLRACE,
                        Duration.ofDays(30),
                        Duration.ofMinutes(10),
                        40);
        var topic = started(config, "a");
        var held = registry.get("millrace.store.kafka.figures.series").gauge();

        // When
        double most = 0;
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 250; i++) {
                send(topic, delta(entry(NOW - i, 1)));
                most = Math.max(most, held.value());
            }
        }

        // Then
        assertThat(most).isBetween(20.0, 80.0);
        assertThat(figures().dependencies(Tenant.DEFAULT, 0, NOW + 1))
                .hasSize(250)
                .allSatisfy(minute -> assertThat(calls(minute)).isEqualTo(2));
    }

    private double counted(String name) {
        return registry.get("millrace.store.kafka." + name)
                .tag("store", "figures")
                .counter()
                .count();
    }

    private TestInputTopic<byte[], byte[]> started(DependencyStateConfig config, String disk) {
        var settings = new Properties();
        settings.put("application.id", "dependencies");
        settings.put("bootstrap.servers", "nowhere:1");
        settings.put("state.dir", directory.resolve(disk).toString());
        var driver =
                new TopologyTestDriver(
                        DependencyTopology.of(config, here, meters),
                        settings,
                        Instant.ofEpochSecond(NOW * 60));
        drivers.add(driver);
        return driver.createInputTopic(TOPIC, new ByteArraySerializer(), new ByteArraySerializer());
    }

    // What is written, whenever the driver commits, which is after each record.
    private static DependencyStateConfig config(DependencyFormat format) {
        return new DependencyStateConfig(
                TOPIC, format, Duration.ofDays(1), Duration.ofSeconds(5), 40);
    }

    private static void send(TestInputTopic<byte[], byte[]> topic, DependencyDelta delta) {
        topic.pipeInput(FigureTraffic.key(delta), FigureTraffic.value(delta));
    }

    private FiguresReader figures() {
        return here.find(0).orElseThrow().contents().figures();
    }

    private double calls(long minute) {
        return figures().dependencies(Tenant.DEFAULT, minute, minute + 1).stream()
                .mapToDouble(DependencyTopologyTest::calls)
                .sum();
    }

    private static double calls(DependencyMinute minute) {
        return minute.entries().stream().mapToDouble(entry -> entry.figures().calls()).sum();
    }

    private static DependencyDelta delta(Entry... entries) {
        return new DependencyDelta(Tenant.DEFAULT, new Origin("spans", 0, 1), List.of(entries));
    }

    private static Entry entry(long minute, long calls) {
        return new Entry(
                minute, new Dependency("shop", "cart", Connection.PLAIN), Figures.ofCalls(calls));
    }
}
