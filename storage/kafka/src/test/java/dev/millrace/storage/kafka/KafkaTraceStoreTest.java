package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.search;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.FaultyStore;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.kafka.Instances.Instance;
import dev.millrace.storage.local.LocalTraceStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What several instances owe that one store does not, whatever becomes of some of them.
final class KafkaTraceStoreTest {

    private static final int PARTITIONS = 6;
    private static final Instances INSTANCES = new Instances(PARTITIONS);
    private static final TraceSearch ANY = TraceSearch.builder().service("shop").build();

    /// The first is patient, the second asks a standby soon, the third also gives up soon.
    private static Instance one;

    private static Instance two;
    private static Instance three;

    private final Path directory;
    private final List<String> gaps = new ArrayList<>();

    KafkaTraceStoreTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeAll
    static void start() {
        one = INSTANCES.add(Instances.config());
        two = INSTANCES.add(Instances.config(Duration.ofMillis(50)));
        three = INSTANCES.add(Instances.config(Duration.ofMillis(20), Duration.ofSeconds(1)));
    }

    @AfterAll
    static void stop() {
        INSTANCES.close();
    }

    @BeforeEach
    void open() {
        INSTANCES.known = true;
        INSTANCES.open(directory);
        INSTANCES.spread();
    }

    @AfterEach
    void close() {
        INSTANCES.closeLogs();
    }

    /// A trace that lies in a partition.
    private static TraceId in(int partition) {
        return LongStream.iterate(1, i -> i + 1)
                .mapToObj(i -> trace(i))
                .filter(id -> INSTANCES.of(id) == partition)
                .findFirst()
                .orElseThrow();
    }

    /// One trace for each partition, the first partition's the newest.
    private static List<TraceId> writeOneEach() {
        var ids = INSTANCES.partitions().stream().map(KafkaTraceStoreTest::in).toList();
        INSTANCES.write(
                IntStream.range(0, PARTITIONS)
                        .mapToObj(i -> fragment(i, span(ids.get(i), 1, TIME - i * SECOND)))
                        .toList());
        return ids;
    }

    private TraceStore tolerating(Instance instance) {
        return instance.store().tolerating(gaps::add);
    }

    private static void failsAsUnavailable(Runnable question, String... parts) {
        assertThatThrownBy(question::run)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> {
                            assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE);
                            assertThat(e).hasMessageContainingAll(parts);
                        });
    }

    private static StoreException unavailable() {
        return new StoreException(Kind.UNAVAILABLE, "the disk is slow");
    }

    // Flaw 4 of zipkin-storage-kafka.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aLimitKeepsTheNewestTracesOfAllInstancesAndPagesGiveEveryTraceOnce(long seed) {
        // Given: few distinct times, so that many are equal.
        var random = new SplittableRandom(seed);
        var fragments = new ArrayList<Fragment>();
        var expected = new ArrayList<Cursor>();
        for (int i = 1; i <= 60; i++) {
            long start = TIME + random.nextInt(25) * SECOND;
            fragments.add(fragment(i, span(trace(i), 1, start)));
            expected.add(new Cursor(start, trace(i)));
        }
        INSTANCES.write(fragments);
        expected.sort(
                Comparator.comparingLong(Cursor::startNanos)
                        .reversed()
                        .thenComparing(Cursor::traceId));
        int limit = 1 + random.nextInt(25);

        // When: every page from another instance.
        var found = new ArrayList<TraceId>();
        var turns = List.of(one, two);
        Cursor after = null;
        do {
            var page =
                    turns.get(found.size() % 2)
                            .store()
                            .search(Tenant.DEFAULT, ANY.page(limit, after));
            assertThat(page.traces()).hasSizeLessThanOrEqualTo(limit);
            assertThat(page.traces().size() == limit || page.next().isEmpty()).isTrue();
            found.addAll(StoreUnderTest.ids(page.traces()));
            after = page.next().orElse(null);
        } while (after != null);

        // Then
        assertThat(found)
                .as("seed %s, limit %s", seed, limit)
                .isEqualTo(expected.stream().map(Cursor::traceId).toList());
    }

    // Flaws 2 and 3.
    @Test
    void listsEveryNameOfAServiceWhosePartitionsAreSpread() {
        // Given
        var fragments = new ArrayList<Fragment>();
        for (int i = 0; i < 40; i++) {
            fragments.add(fragment(i, span(trace(i + 1), 1, TIME).name("operation " + i % 10)));
        }
        INSTANCES.write(fragments);

        // When
        var names = one.store().operations(Tenant.DEFAULT, "shop");

        // Then
        assertThat(names)
                .isEqualTo(
                        IntStream.range(0, 10)
                                .mapToObj(i -> new Operation("operation " + i, SpanKind.SERVER))
                                .toList());
        assertThat(two.store().services(Tenant.DEFAULT)).containsExactly("shop");
    }

    // Flaw 5.
    @Test
    void findsNamesAndValuesOfAnyCharactersOnOtherInstances() {
        // Given
        var any = PeerProtocolTest.ANY_CHARACTERS.replace("\u0000", "");
        var ids = INSTANCES.partitions().stream().map(KafkaTraceStoreTest::in).toList();
        var attributes = Attributes.of(new Attributes.Attribute(any, new AttributeValue.Text(any)));
        for (var id : ids) {
            INSTANCES.write(
                    List.of(
                            fragment(
                                    0,
                                    span(id, 1, TIME)
                                            .name(any)
                                            .resource(resource(any))
                                            .attributes(attributes, 0))));
        }
        var search = search(any, any).service(any).operation(any).build();

        // When, Then
        assertThat(StoreUnderTest.ids(one.store().search(Tenant.DEFAULT, search).traces()))
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(one.store().services(Tenant.DEFAULT)).containsExactly(any);
        assertThat(one.store().operations(Tenant.DEFAULT, any))
                .containsExactly(new Operation(any, SpanKind.SERVER));
        assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1)).orElseThrow().spans())
                .extracting(span -> span.name())
                .containsExactly(any);
    }

    @Test
    void asksEachInstanceOnceForAllOfItsPartitions() {
        // Given
        writeOneEach();
        double before = two.counted("millrace.store.kafka.questions");

        // When
        one.store().search(Tenant.DEFAULT, ANY);

        // Then
        assertThat(two.counted("millrace.store.kafka.questions") - before).isEqualTo(1);
    }

    @Test
    void asksNobodyElseForATraceThatIsHere() {
        // Given
        writeOneEach();
        double before = one.counted("millrace.store.kafka.asked");

        // When, Then
        assertThat(one.store().trace(Tenant.DEFAULT, in(0))).isPresent();
        assertThat(one.counted("millrace.store.kafka.asked")).isEqualTo(before);
    }

    // Flaw 12.
    @Test
    void losesNothingWithAnInstanceThatHasStandbys() {
        // Given: instance two is gone, and Kafka has not noticed yet.
        var ids = writeOneEach();
        for (int partition : List.of(1, 4)) {
            INSTANCES.give(partition, three);
            INSTANCES.owners(partition, Instances.nobody(), List.of(three.self()));
            three.put(partition, INSTANCES.log(partition), false, 0);
        }

        // When, Then
        assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1))).isPresent();
        assertThat(one.store().version(Tenant.DEFAULT, ids.get(4)).parts()).isEqualTo(1);
        assertThat(StoreUnderTest.ids(tolerating(one).search(Tenant.DEFAULT, ANY).traces()))
                .isEqualTo(ids);
        assertThat(gaps).isEmpty();
    }

    @Test
    void asksAStandbyWhenAnInstanceAcceptsAndNeverAnswers() throws IOException {
        // Given
        var ids = writeOneEach();
        double hedges = two.counted("millrace.store.kafka.hedges");
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            INSTANCES.owners(
                    0, new Peer("127.0.0.1", silent.getLocalPort()), List.of(three.self()));
            one.held.remove(0);
            three.put(0, INSTANCES.log(0), false, 0);

            // When, Then
            assertThat(two.store().trace(Tenant.DEFAULT, ids.get(0))).isPresent();
            assertThat(StoreUnderTest.ids(two.store().search(Tenant.DEFAULT, ANY).traces()))
                    .isEqualTo(ids);
        }
        assertThat(two.counted("millrace.store.kafka.hedges")).isGreaterThanOrEqualTo(hedges + 2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void asksAStandbyWhenAPartitionCannotBeReadWhereItIsActive(boolean here) {
        // Given
        var ids = writeOneEach();
        var active = here ? one : two;
        INSTANCES.give(1, active, three);
        active.put(
                1,
                new FaultyStore(
                        INSTANCES.log(1),
                        () -> {
                            throw unavailable();
                        }),
                true,
                0);

        // When, Then
        assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1))).isPresent();
        assertThat(StoreUnderTest.ids(one.store().search(Tenant.DEFAULT, ANY).traces()))
                .isEqualTo(ids);
    }

    @Test
    void takesTheAnswerOfAnInstanceThatWasSilentForAWhileWhenNoStandbyIsFaster() {
        // Given: who is asked second blocks, and lets the first one go on.
        var ids = writeOneEach();
        var first = new CountDownLatch(1);
        var second = new CountDownLatch(1);
        INSTANCES.give(0, one, three);
        one.put(0, new FaultyStore(INSTANCES.log(0), () -> await(first)), true, 0);
        three.put(
                0,
                new FaultyStore(
                        INSTANCES.log(0),
                        () -> {
                            first.countDown();
                            await(second);
                        }),
                false,
                0);

        // When, Then
        try {
            assertThat(two.store().trace(Tenant.DEFAULT, ids.get(0))).isPresent();
        } finally {
            second.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void saysHowFarAStandbyIsBehindAndAnswersAllTheSame() {
        // Given: a copy that lacks the last two records.
        var ids = writeOneEach();
        try (var copy = Instances.local(directory.resolve("copy"))) {
            copy.write(List.of(fragment(1, span(ids.get(1), 1, TIME - SECOND))));
            INSTANCES.write(List.of(fragment(10, span(ids.get(1), 2, TIME - SECOND))));
            INSTANCES.write(List.of(fragment(11, span(ids.get(1), 3, TIME - SECOND))));
            INSTANCES.owners(1, Instances.nobody(), List.of(three.self()));
            two.held.remove(1);
            three.put(1, copy, false, 2);
            double counted = one.counted("millrace.store.kafka.standby.answers");

            // When, Then
            assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1)).orElseThrow().spans())
                    .hasSize(1);
            assertThat(tolerating(one).search(Tenant.DEFAULT, ANY).traces()).hasSize(PARTITIONS);
            assertThat(gaps)
                    .containsExactly(
                            "partition 1 of traces-complete: answered by a standby, 2 records"
                                    + " behind");
            assertThat(one.counted("millrace.store.kafka.standby.answers")).isEqualTo(counted + 2);
        }
    }

    @Test
    void goesOnToTheStandbyWhenAnInstanceHasLostThePartition() {
        // Given
        var ids = writeOneEach();
        INSTANCES.give(1, two, three);
        two.held.remove(1);

        // When, Then
        assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1))).isPresent();
        assertThat(one.store().services(Tenant.DEFAULT)).containsExactly("shop");
    }

    @Test
    void namesAPartitionThatNobodyAnswersForAndWhatBecameOfEachWhoWasAsked() {
        // Given
        var ids = writeOneEach();
        INSTANCES.give(1, two, three);
        two.held.remove(1);
        three.put(
                1,
                new FaultyStore(
                        INSTANCES.log(1),
                        () -> {
                            throw unavailable();
                        }),
                false,
                0);
        var reason =
                "partition 1 of traces-complete: no answer (%s does not have it; %s the disk is slow)"
                        .formatted(two.self(), three.self());
        double missing = one.counted("millrace.store.kafka.partitions.missing");

        // When, Then
        failsAsUnavailable(() -> one.store().trace(Tenant.DEFAULT, ids.get(1)), reason);
        failsAsUnavailable(() -> one.store().search(Tenant.DEFAULT, ANY), reason);
        failsAsUnavailable(() -> one.store().services(Tenant.DEFAULT), reason);
        assertThat(one.counted("millrace.store.kafka.partitions.missing")).isEqualTo(missing + 3);
    }

    // Flaw 13.
    @Test
    void answersWithoutAPartitionThatIsBeingHandedOverOnlyToThoseWhoAreToldSo() {
        // Given
        var ids = writeOneEach();
        INSTANCES.owners(1, null, List.of());
        two.held.remove(1);
        var sentence =
                "partition 1 of traces-complete is with nobody at the moment; it is being handed"
                        + " over, ask again in a moment";

        // When, Then
        failsAsUnavailable(() -> one.store().search(Tenant.DEFAULT, ANY), sentence);
        failsAsUnavailable(() -> one.store().operations(Tenant.DEFAULT, "shop"), sentence);
        failsAsUnavailable(() -> one.store().dependencies(Tenant.DEFAULT, 0, 1), "dependencies is");
        assertThat(StoreUnderTest.ids(tolerating(one).search(Tenant.DEFAULT, ANY).traces()))
                .containsExactly(ids.get(0), ids.get(2), ids.get(3), ids.get(4), ids.get(5));
        assertThat(gaps).containsExactly(sentence);

        // Then: nothing of a trace is no answer, whoever asks.
        failsAsUnavailable(() -> tolerating(one).trace(Tenant.DEFAULT, ids.get(1)), sentence);
        failsAsUnavailable(
                () -> tolerating(one).piece(Tenant.DEFAULT, ids.get(1), Optional.empty()),
                sentence);
        assertThat(tolerating(one).trace(Tenant.DEFAULT, ids.get(0))).isPresent();
    }

    @Test
    void answersFromTheStandbyWhileAPartitionIsBeingHandedOver() {
        // Given
        var ids = writeOneEach();
        INSTANCES.give(1, two, three);
        two.held.remove(1);
        INSTANCES.owners(1, null, List.of(three.self()));

        // When, Then
        assertThat(one.store().trace(Tenant.DEFAULT, ids.get(1))).isPresent();
        assertThat(StoreUnderTest.ids(one.store().search(Tenant.DEFAULT, ANY).traces()))
                .isEqualTo(ids);
    }

    @Test
    void saysSoBeforeItIsKnownHowManyPartitionsThereAre() {
        // Given
        writeOneEach();
        INSTANCES.known = false;

        // When, Then
        var sentence = "traces-complete: nobody knows yet how many partitions there are";
        failsAsUnavailable(() -> one.store().trace(Tenant.DEFAULT, in(0)), sentence);
        failsAsUnavailable(() -> one.store().search(Tenant.DEFAULT, ANY), sentence);
        failsAsUnavailable(() -> tolerating(one).services(Tenant.DEFAULT), sentence);
    }

    @Test
    void failsWhenNobodyAnswersThoughGapsAreTolerated() {
        // Given
        for (int partition : INSTANCES.partitions()) {
            INSTANCES.owners(partition, null, List.of());
            List.of(one, two, three).forEach(each -> each.held.remove(partition));
        }

        // When, Then
        failsAsUnavailable(
                () -> tolerating(one).services(Tenant.DEFAULT),
                "partitions 0, 1, 2, 3, 4, 5 of traces-complete are with nobody at the moment");
        assertThat(gaps).isEmpty();
    }

    @Test
    void givesUpAtTheDeadlineAndNamesWhoWasSilent() {
        // Given: the instance is here, and hangs; so does its only standby.
        var ids = writeOneEach();
        var latch = new CountDownLatch(1);
        INSTANCES.give(2, three, one);
        three.put(2, new FaultyStore(INSTANCES.log(2), () -> await(latch)), true, 0);
        one.put(2, new FaultyStore(INSTANCES.log(2), () -> await(latch)), false, 0);

        // When, Then
        try {
            failsAsUnavailable(
                    () -> three.store().trace(Tenant.DEFAULT, ids.get(2)),
                    "partition 2 of traces-complete: no answer",
                    "this instance gave no answer within PT1S",
                    one.self() + " ");
        } finally {
            latch.countDown();
        }
    }

    @Test
    void countsAFigureOnceThoughAStandbyHasAnsweredForOneOfTheMinutes() {
        // Given: instance one has two partitions and is slow until the standby of one has answered.
        var link = new Dependency("web", "shop", Connection.PLAIN);
        var minutes = new ArrayList<DependencyMinute>();
        for (int partition : List.of(0, 3)) {
            var entry = new DependencyDelta.Entry(7, link, Figures.ofCalls(5));
            var minute = new DependencyMinute(Tenant.DEFAULT, 7, partition, 9, List.of(entry));
            INSTANCES.log(partition).writeDependencies(List.of(minute));
            minutes.add(minute);
        }
        var slow = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        INSTANCES.give(0, one, two);
        INSTANCES.give(3, one, three);
        one.put(0, new FaultyStore(INSTANCES.log(0), () -> await(slow)), true, 0);
        three.put(
                3,
                new FaultyStore(
                        INSTANCES.log(3),
                        () -> {
                            slow.countDown();
                            await(never);
                        }),
                false,
                0);

        // When, Then
        try {
            assertThat(((DependencyStore) two.store()).dependencies(Tenant.DEFAULT, 7, 8))
                    .containsExactlyInAnyOrderElementsOf(minutes);
        } finally {
            never.countDown();
        }
    }

    @Test
    void refusesToWrite() {
        var fragments = List.of(fragment(0, span(trace(1), 1, TIME)));
        assertThatThrownBy(() -> one.store().write(fragments))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED))
                .hasMessageContaining("traces-complete");
        var minute = new DependencyMinute(Tenant.DEFAULT, 1, 0, 0, List.of());
        assertThatThrownBy(() -> one.store().writeDependencies(List.of(minute)))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(Kind.NOT_SUPPORTED));
    }

    @Test
    void givesUpOldTracesOfThePartitionsThatAreHere() {
        // Given
        var ids = writeOneEach();
        var horizon = Instant.ofEpochSecond(TIME / SECOND).plus(Duration.ofDays(1));

        // When
        var expired = one.store().expire(horizon);

        // Then
        assertThat(expired).isEqualTo(Expired.tooOld(2));
        assertThat(StoreUnderTest.ids(one.store().search(Tenant.DEFAULT, ANY).traces()))
                .containsExactly(ids.get(1), ids.get(2), ids.get(4), ids.get(5));
    }

    @Test
    void givesUpOldTracesOfTheOtherPartitionsWhenOneFails() {
        // Given
        writeOneEach();
        var horizon = Instant.ofEpochSecond(TIME / SECOND).plus(Duration.ofDays(1));
        one.put(
                0,
                new FaultyStore(
                        INSTANCES.log(0),
                        () -> {
                            throw unavailable();
                        }),
                true,
                0);

        // When
        failsAsUnavailable(() -> one.store().expire(horizon), "the disk is slow");

        // Then
        LocalTraceStore other = INSTANCES.log(3);
        assertThat(other.trace(Tenant.DEFAULT, in(3))).isEmpty();
    }
}
