package dev.millrace.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.agent.spool.Packing;
import dev.millrace.agent.spool.Parcel;
import dev.millrace.agent.spool.SpoolLimits;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.SinkException;
import dev.millrace.testkit.FakeClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The forwarder on one thread, with a link that answers as it is told and a spool on a real disk.
final class ForwarderTest {

    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Answer TAKEN = new Answer.Taken(0, "");
    private static final Answer LATER = new Answer.Later("busy", null);

    @TempDir private Path directory;

    private final FakeClock clock = new FakeClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final AgentMetrics metrics = new AgentMetrics(meters);
    private final FakeLink link = new FakeLink();
    private @Nullable SpoolKeeper keeper;

    private Forwarder forwarder(long bandwidth, boolean spooled) {
        var disk =
                new AgentConfig.Disk(
                        directory.resolve("spool"),
                        new SpoolLimits(ByteSize.ofMebibytes(8), Duration.ofHours(1)));
        var config =
                new AgentConfig(
                        List.of(new Address("collector", 4317)),
                        false,
                        "",
                        null,
                        Map.of(),
                        Packing.IDENTITY,
                        new AgentConfig.Batch(ByteSize.ofMebibytes(1), Duration.ZERO),
                        ByteSize.ofMebibytes(8),
                        2,
                        Duration.ofSeconds(5),
                        PATIENCE,
                        new ByteSize(bandwidth),
                        spooled ? disk : null);
        if (spooled) {
            keeper = new SpoolKeeper(disk, clock, Runnable::run, metrics);
            // Where it cannot be opened it says so itself.
            var _ = keeper.tend();
        }
        return new Forwarder(config, link, keeper, metrics, this::nanoTime, Runnable::run);
    }

    private Forwarder forwarder() {
        return forwarder(0, true);
    }

    private long nanoTime() {
        return TimeUnit.MILLISECONDS.toNanos(clock.millis());
    }

    @AfterEach
    void close() {
        var kept = keeper;
        if (kept != null) {
            kept.close().join();
        }
    }

    private CompletableFuture<Void> ship(Forwarder forwarder, String... texts) {
        return ship(forwarder, Tenant.DEFAULT, texts);
    }

    private CompletableFuture<Void> ship(Forwarder forwarder, Tenant tenant, String... texts) {
        var parts = new ArrayList<Part>();
        for (String text : texts) {
            parts.add(
                    new Part(
                            tenant,
                            Slice.of(text.getBytes(StandardCharsets.UTF_8)),
                            1,
                            new CompletableFuture<>()));
        }
        forwarder.ship(Shipment.of(parts, Packing.IDENTITY, nanoTime()));
        forwarder.step();
        return CompletableFuture.allOf(
                parts.stream().map(Part::taken).toArray(CompletableFuture<?>[]::new));
    }

    private List<String> taken() {
        return link.taken().stream().map(Parcel::body).map(Slice::toText).toList();
    }

    private double count(String name, String... tags) {
        return meters.get(name).tags(tags).counter().count();
    }

    @Test
    void freshSpansGoStraightToACollector() {
        // Given
        link.answerWith(null);
        var forwarder = forwarder();
        var shipped = ship(forwarder, "a");
        assertThat(shipped).isNotDone();

        // When
        link.answer(TAKEN);

        // Then
        assertThat(shipped).isCompleted();
        assertThat(count("millrace.agent.spans.forwarded", "lane", "fresh")).isEqualTo(1);
        assertThat(count("millrace.agent.spans.spooled")).isZero();
    }

    @Test
    void spansGoToDiskAtOnceWhereNoCollectorIsThereAndFollowInTheirOrder() {
        // Given
        link.open(false);
        var forwarder = forwarder();

        // When
        var first = ship(forwarder, "a");
        var second = ship(forwarder, "b");

        // Then
        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
        assertThat(taken()).isEmpty();

        // When
        link.open(true);
        forwarder.step();

        // Then
        assertThat(taken()).containsExactly("ab");
        assertThat(count("millrace.agent.spans.forwarded", "lane", "spooled")).isEqualTo(2);
        assertThat(keeper().hasBacklog()).isFalse();
    }

    @Test
    void spansThatNobodyTakesInTimeGoToDisk() {
        // Given
        link.answerWith(null);
        var forwarder = forwarder();
        var shipped = ship(forwarder, "a");
        clock.advance(PATIENCE);

        // When
        link.answer(LATER);

        // Then
        assertThat(shipped).isCompleted();
        assertThat(count("millrace.agent.spans.spooled")).isEqualTo(1);
    }

    @Test
    void aRequestThatFailedIsTriedAgainWhilePatienceLasts() {
        // Given
        link.answerWith(null);
        var forwarder = forwarder();
        var shipped = ship(forwarder, "a");

        // When
        link.answer(LATER);
        link.answer(TAKEN);

        // Then
        assertThat(shipped).isCompleted();
        assertThat(taken()).containsExactly("a");
        assertThat(count("millrace.agent.spans.spooled")).isZero();
    }

    @Test
    void withoutADiskSpansAreRefusedToBeSentAgain() {
        // Given
        link.open(false);
        var forwarder = forwarder(0, false);
        var shipped = ship(forwarder, "a");
        assertThat(shipped).isNotDone();

        // When
        clock.advance(PATIENCE);
        forwarder.step();

        // Then
        assertThatThrownBy(shipped::join)
                .cause()
                .isInstanceOfSatisfying(
                        SinkException.class,
                        e -> {
                            assertThat(e.kind()).isEqualTo(SinkException.Kind.UNAVAILABLE);
                            assertThat(e).hasMessageContaining("spool.enabled is false");
                        });
    }

    @Test
    void aDiskThatCannotBeHadIsNamedAndUsedWhenItCan() throws IOException {
        // Given: a file where the directory should be
        Path inTheWay = Files.writeString(directory.resolve("spool"), "not a directory");
        link.open(false);
        var forwarder = forwarder();
        var refused = ship(forwarder, "a");
        clock.advance(PATIENCE);
        forwarder.step();
        assertThatThrownBy(refused::join).hasMessageContaining(inTheWay.toString());

        // When
        Files.delete(inTheWay);
        keeper().tend().join();
        var kept = ship(forwarder, "b");

        // Then
        assertThat(kept).isCompleted();
        assertThat(count("millrace.agent.spool.failures")).isPositive();
    }

    @Test
    void aCollectorThatIsThereTakesSpansHoweverTheDiskIs() throws IOException {
        // Given
        Files.writeString(directory.resolve("spool"), "not a directory");
        var forwarder = forwarder();

        // When
        var shipped = ship(forwarder, "a");

        // Then
        assertThat(shipped).isCompleted();
    }

    @Test
    void spansRefusedForGoodAreSentOneByOne() {
        // Given
        link.answerWith(null);
        var forwarder = forwarder();
        var parts = ship(forwarder, "good", "bad");

        // When
        link.answer(new Answer.Refused("too large"));
        link.answer(TAKEN);
        link.answer(new Answer.Refused("too large"));

        // Then
        assertThat(taken()).containsExactly("good");
        assertThatThrownBy(parts::join)
                .cause()
                .isInstanceOfSatisfying(
                        SinkException.class,
                        e -> assertThat(e.kind()).isEqualTo(SinkException.Kind.TOO_LARGE));
    }

    @Test
    void aRefusedPieceOnDiskIsGivenUpAloneAndCounted() {
        // Given
        link.open(false);
        var forwarder = forwarder();
        var _ = ship(forwarder, "good");
        var _ = ship(forwarder, "bad");
        var _ = ship(forwarder, "fine");
        link.open(true);
        link.answerWith(null);
        forwarder.step();

        // When
        link.answer(new Answer.Refused("malformed"));
        link.answer(TAKEN);
        link.answer(new Answer.Refused("malformed"));
        link.answer(TAKEN);

        // Then
        assertThat(taken()).containsExactly("good", "fine");
        assertThat(count("millrace.agent.spans.dropped", "reason", "refused")).isEqualTo(1);
        assertThat(keeper().hasBacklog()).isFalse();
    }

    @Test
    void aPieceThatFailsAgainAndAgainDoesNotStopTheOthers() {
        // Given
        link.open(false);
        var forwarder = forwarder();
        var _ = ship(forwarder, "bad");
        link.open(true);
        link.answerWith(null);
        forwarder.step();

        // When
        for (int i = 0; i < 5; i++) {
            link.answer(new Answer.Failed("internal"));
            forwarder.step();
        }

        // Then
        assertThat(count("millrace.agent.spans.dropped", "reason", "refused")).isEqualTo(1);
        assertThat(keeper().hasBacklog()).isFalse();
    }

    @Test
    void freshSpansAndThoseFromDiskShareANarrowWay() {
        // Given: a backlog, and a way of 100 kB a second
        String body = "x".repeat(10_000);
        link.open(false);
        var forwarder = forwarder(100_000, true);
        for (int i = 0; i < 40; i++) {
            var _ = ship(forwarder, ("old" + body).repeat(10));
        }
        link.open(true);

        // When: 200 kB a second of fresh spans for 20 s
        for (int tick = 0; tick < 100; tick++) {
            var _ = ship(forwarder, ("new" + body).repeat(4));
            clock.advance(Duration.ofMillis(200));
            forwarder.step();
        }

        // Then
        double sent = taken().stream().mapToInt(String::length).sum();
        assertThat(sent).isBetween(1.8e6, 2.2e6 + Forwarder.MOST_HAUL);
        double old =
                taken().stream().filter(it -> it.startsWith("old")).mapToInt(String::length).sum();
        assertThat(old / sent).isBetween(0.15, 0.5);
    }

    @Test
    void aTenantAheadOfItsRateIsRefusedAndOthersGoOn() {
        // Given
        var loud = new Tenant("loud");
        link.answerWith(null);
        var forwarder = forwarder();
        var over = ship(forwarder, loud, "over");

        // When
        link.answer(new Answer.OverRate("enough", Duration.ofSeconds(3)));
        link.hold(loud, nanoTime() + Duration.ofSeconds(3).toNanos());
        var more = ship(forwarder, loud, "more");
        var other = ship(forwarder, "other");
        link.answer(TAKEN);

        // Then
        assertThat(other).isCompleted();
        assertThat(taken()).containsExactly("other");
        assertThat(List.of(over, more))
                .allSatisfy(refused ->
                        assertThatThrownBy(refused::join)
                                .cause()
                                .isInstanceOfSatisfying(
                                        SinkException.class,
                                        e -> {
                                            assertThat(e.kind())
                                                    .isEqualTo(SinkException.Kind.OVER_CAPACITY);
                                            assertThat(e.retryAfter())
                                                    .isEqualTo(Duration.ofSeconds(3));
                                            assertThat(e).hasMessageContaining("tenant loud");
                                        }));
        assertThat(count("millrace.agent.spans.spooled")).as("no room on disk for them").isZero();

        // When
        clock.advance(Duration.ofSeconds(3));
        var later = ship(forwarder, loud, "later");
        link.answer(TAKEN);

        // Then
        assertThat(later).isCompleted();
    }

    @Test
    void spansOnDiskOfATenantAheadOfItsRateWaitWhileFreshOnesOfOthersGo() {
        // Given
        var loud = new Tenant("loud");
        link.open(false);
        var forwarder = forwarder();
        var _ = ship(forwarder, loud, "kept");
        link.open(true);
        link.answerWith(null);
        forwarder.step();

        // When
        link.answer(new Answer.OverRate("enough", Duration.ofSeconds(3)));
        var other = ship(forwarder, "other");
        link.answer(TAKEN);

        // Then
        assertThat(other).isCompleted();
        assertThat(link.waiting()).as("asked of the disk too soon").isEmpty();
        assertThat(keeper().hasBacklog()).isTrue();

        // When
        clock.advance(Duration.ofSeconds(3));
        forwarder.step();
        link.answer(TAKEN);

        // Then
        assertThat(taken()).containsExactly("other", "kept");
        assertThat(keeper().hasBacklog()).isFalse();
    }

    @Test
    void afterACrashWhatWasOnDiskIsFoundAndSent() {
        // Given
        link.open(false);
        var before = forwarder();
        var _ = ship(before, "a");
        keeper().close().join();
        link.open(true);

        // When
        var after = forwarder();
        after.step();

        // Then
        assertThat(taken()).containsExactly("a");
    }

    private SpoolKeeper keeper() {
        var kept = keeper;
        if (kept == null) {
            throw new IllegalStateException("no spool");
        }
        return kept;
    }
}
