package dev.millrace.storage.cached;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.cache.SharedBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.StoreException;
import dev.millrace.testkit.FakeClock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// What holds wherever answers are remembered. Each [#process] stands for one of several that share
/// a store and, in Redis, their memory.
abstract class CachedTraceContract {

    static final Duration LATE = Duration.ofMinutes(30);
    static final int PATIENCE_SECONDS = 30;

    final CountingStore store = new CountingStore();
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final AtomicLong nanos = new AtomicLong(1);

    /// Shows a time when the traces that begin at TIME are old.
    final FakeClock clock = new FakeClock(Instant.EPOCH.plusNanos(TIME).plus(Duration.ofHours(2)));

    /// The memory of another process, if it can be shared, or else of the same.
    abstract SharedBytes bytes(MeterRegistry registry);

    /// Lets what was put and not waited for arrive.
    abstract void settle();

    /// Makes the time pass in which what is kept expires.
    abstract void expire(SharedBytes bytes, String name, Duration passed);

    CachedTraceStore process() {
        return process(bytes(registry), 1 << 20, Duration.ofSeconds(PATIENCE_SECONDS));
    }

    CachedTraceStore process(SharedBytes bytes, long maxTrace, Duration patience) {
        return CachedTraceStore.over(
                store,
                bytes,
                new CacheConfig(
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(10),
                        LATE,
                        new ByteSize(maxTrace),
                        patience),
                clock,
                nanos::get,
                registry);
    }

    double answered(String outcome) {
        return registry.find("millrace.cache.questions").tag("outcome", outcome).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static Optional<Trace> ask(CachedTraceStore process) {
        return process.trace(Tenant.DEFAULT, trace(1));
    }

    private List<Long> spans(CachedTraceStore process) {
        var spans =
                ask(process).orElseThrow().spans().stream()
                        .map(span -> span.spanId().value())
                        .toList();
        settle();
        return spans;
    }

    private void young() {
        clock.set(Instant.EPOCH.plusNanos(TIME).plusSeconds(60));
    }

    @Test
    void givesBackATraceThatIsOldWithoutAskingTheStoreAgain() {
        // Given
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME))));
        var first = ask(process);
        settle();

        // When
        var second = ask(process);

        // Then
        assertThat(second).isEqualTo(first).isPresent();
        assertThat(store.traces).hasValue(1);
        assertThat(store.versions).hasValue(1);
        assertThat(List.of(answered("missed"), answered("hit"))).containsExactly(1.0, 1.0);
    }

    @Test
    void asksForTheVersionAloneOfATraceThatMayGrow() {
        // Given
        young();
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        spans(process);

        // When
        spans(process);

        // Then
        assertThat(store.traces).hasValue(1);
        assertThat(store.versions).hasValue(2);
        assertThat(answered("checked")).isEqualTo(1);

        // When: it has been quiet for long by now, but had not been when it was read.
        store.write(List.of(fragment(1, span(trace(1), 2, TIME))));
        clock.advance(LATE);

        // Then
        assertThat(spans(process)).containsExactly(1L, 2L);
        assertThat(store.versions).hasValue(3);

        // When: it had been when it was read.
        spans(process);

        // Then
        assertThat(store.versions).hasValue(3);
        assertThat(answered("hit")).isEqualTo(1);
    }

    @Test
    void showsASpanThatCameLateByAWayThatNobodyHearsOf() {
        // Given
        young();
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        spans(process);

        // When
        store.write(List.of(fragment(1, span(trace(1), 2, TIME + SECOND))));

        // Then
        assertThat(spans(process)).containsExactly(1L, 2L);
        assertThat(answered("stale")).isEqualTo(1);
        assertThat(spans(process)).containsExactly(1L, 2L);
        assertThat(store.traces).hasValue(2);
    }

    @Test
    void showsASpanThatIsYearsLateWhenItWasWrittenByWhoSharesTheMemory() {
        // Given
        var bytes = bytes(registry);
        var writer = process(bytes, 1 << 20, Duration.ofSeconds(PATIENCE_SECONDS));
        var reader = process(bytes, 1 << 20, Duration.ofSeconds(PATIENCE_SECONDS));
        writer.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        spans(reader);

        // When
        writer.write(List.of(fragment(1, span(trace(1), 2, TIME))));

        // Then
        assertThat(spans(reader)).containsExactly(1L, 2L);
    }

    @Test
    void showsASpanThatIsYearsLateAndOfWhichNobodyHeardWhenTheTraceHasExpired() {
        // Given
        var bytes = bytes(registry);
        var process = process(bytes, 1 << 20, Duration.ofSeconds(PATIENCE_SECONDS));
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        spans(process);
        store.write(List.of(fragment(1, span(trace(1), 2, TIME))));
        assertThat(spans(process)).containsExactly(1L);

        // When
        expire(bytes, "trace:" + trace(1), Duration.ofMinutes(5));

        // Then
        assertThat(spans(process)).containsExactly(1L, 2L);
    }

    @Test
    void doesNotKeepWhatWasReadBeforeAWriteAndPutAfterIt() throws Exception {
        // Given: a reader who has read the old trace, and is held up before he can put it.
        var reader = process();
        var writer = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var hasRead = new CountDownLatch(1);
        var mayGoOn = new CountDownLatch(1);
        store.afterRead(() -> {
            hasRead.countDown();
            await(mayGoOn);
        });
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var early = executor.submit(() -> spans(reader));
            await(hasRead);
            store.afterRead(() -> {});

            // When
            writer.write(List.of(fragment(1, span(trace(1), 2, TIME))));
            mayGoOn.countDown();

            // Then
            assertThat(early.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).containsExactly(1L);
            assertThat(spans(reader)).containsExactly(1L, 2L);
            assertThat(spans(process())).containsExactly(1L, 2L);
            assertThat(
                            registry.get("millrace.cache.puts")
                                    .tag("outcome", "overtaken")
                                    .counter()
                                    .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void asksTheStoreOnceForAThousandWhoAskAtOnce() throws Exception {
        // Given
        int askers = 1_000;
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var ready = new CountDownLatch(askers);
        // Nobody is answered before all have asked.
        store.afterRead(() -> await(ready));
        var answers = new ArrayList<Future<Optional<Trace>>>();

        // When
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < askers; i++) {
                answers.add(
                        executor.submit(() -> {
                            ready.countDown();
                            return ask(process);
                        }));
            }
        }

        // Then
        for (var answer : answers) {
            assertThat(answer.get()).isPresent();
        }
        assertThat(store.traces).hasValue(1);
    }

    @Test
    void letsAllWhoAskAtOnceHaveTheSameFailureAndRemembersItNotAtAll() throws Exception {
        // Given
        int askers = 20;
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var joined = new CountDownLatch(1);
        store.afterRead(() -> {
            await(joined);
            throw new StoreException(StoreException.Kind.OVER_CAPACITY, "too much");
        });
        var answers = new ArrayList<Future<Optional<Trace>>>();

        // When
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < askers; i++) {
                answers.add(executor.submit(() -> ask(process)));
            }
            patiently(() -> answered("joined") == askers - 1);
            joined.countDown();
        }

        // Then
        for (var answer : answers) {
            assertThatThrownBy(answer::get)
                    .cause()
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.OVER_CAPACITY));
        }
        store.afterRead(() -> {});
        assertThat(spans(process)).containsExactly(1L);
    }

    @Test
    void waitsForAnotherNoLongerThanItMayAndGoesItselfAfterwards() throws Exception {
        // Given: one who never comes back.
        var process = process(bytes(registry), 1 << 20, Duration.ofMillis(50));
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var gone = new CountDownLatch(1);
        var mayEnd = new CountDownLatch(1);
        store.afterRead(() -> {
            gone.countDown();
            await(mayEnd);
        });
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var lost = executor.submit(() -> ask(process));
            await(gone);
            store.afterRead(() -> {});

            // When, Then
            assertThatThrownBy(() -> ask(process))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE));
            nanos.addAndGet(Duration.ofMillis(51).toNanos());
            assertThat(spans(process)).containsExactly(1L);
            mayEnd.countDown();
            assertThat(lost.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isPresent();
        }
    }

    @Test
    void doesNotRememberThatATraceIsNotThere() {
        // Given
        var process = process();
        assertThat(ask(process)).isEmpty();

        // When
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // Then
        assertThat(spans(process)).containsExactly(1L);
    }

    @Test
    void doesNotKeepATraceThatIsTooLarge() {
        // Given
        var process = process(bytes(registry), 100, Duration.ofSeconds(PATIENCE_SECONDS));
        store.write(List.of(fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME))));

        // When
        spans(process);
        spans(process);

        // Then
        assertThat(store.traces).hasValue(2);
        assertThat(
                        registry.get("millrace.cache.puts")
                                .tag("outcome", "too-large")
                                .counter()
                                .count())
                .isEqualTo(2);
    }

    @Test
    void keepsTenantsApart() {
        // Given
        var process = process();
        var other = new Tenant("service");
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        store.write(List.of(fragment(other, 1, span(trace(1), 2, TIME))));

        // When
        spans(process);
        process.trace(other, trace(1));
        settle();

        // Then
        assertThat(spans(process)).containsExactly(1L);
        assertThat(process.trace(other, trace(1)).orElseThrow().spans())
                .extracting(span -> span.spanId().value())
                .containsExactly(2L);
        assertThat(store.traces).hasValue(2);
    }

    @Test
    void keepsNamesForAsLongAsTheyHadNotChangedBefore() {
        // Given
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        assertThat(services(process)).containsExactly("shop");

        // When: asked again and again.
        assertThat(services(process)).containsExactly("shop");
        assertThat(store.names).hasValue(1);
        clock.advance(Duration.ofSeconds(2));
        store.write(List.of(fragment(1, span(trace(2), 1, TIME).resource(resource("web")))));

        // Then: what is new is soon there.
        assertThat(services(process)).containsExactly("shop", "web");
        assertThat(store.names).hasValue(2);

        // When: it stays as it is for a minute, and then for hours.
        clock.advance(Duration.ofMinutes(1));
        services(process);
        clock.advance(Duration.ofSeconds(59));
        services(process);
        assertThat(store.names).hasValue(3);
        for (int i = 0; i < 30; i++) {
            clock.advance(Duration.ofMinutes(10));
            services(process);
        }
        assertThat(store.names).hasValue(33);
        clock.advance(Duration.ofSeconds(599));
        services(process);

        // Then: it is asked for every ten minutes.
        assertThat(store.names).hasValue(33);
        clock.advance(Duration.ofSeconds(1));
        services(process);
        assertThat(store.names).hasValue(34);
    }

    private List<String> services(CachedTraceStore process) {
        var services = process.services(Tenant.DEFAULT);
        settle();
        return services;
    }

    @Test
    void doesNotRememberThatThereAreNoNames() {
        // Given
        var process = process();
        assertThat(services(process)).isEmpty();

        // When
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // Then
        assertThat(services(process)).containsExactly("shop");
    }

    @Test
    void keepsTheOperationsOfEachServiceApart() {
        // Given
        var process = process();
        store.write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME),
                                span(trace(1), 2, TIME).kind(SpanKind.CLIENT).name(""),
                                span(trace(1), 3, TIME).resource(resource("web")).name("a\nb"))));

        // When, Then
        for (int i = 0; i < 2; i++) {
            assertThat(process.operations(Tenant.DEFAULT, "shop"))
                    .containsExactly(
                            new Operation("", SpanKind.CLIENT),
                            new Operation("GET /cart", SpanKind.SERVER));
            assertThat(process.operations(Tenant.DEFAULT, "web"))
                    .containsExactly(new Operation("a\nb", SpanKind.SERVER));
            settle();
        }
        assertThat(store.names).hasValue(2);
    }

    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void patiently(BooleanSupplier condition) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(Duration.ofSeconds(PATIENCE_SECONDS))
                .until(condition::getAsBoolean);
    }
}
