package dev.millrace.storage.cached;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.cache.LocalBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.testkit.FakeClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of answers that lack something, or come of a copy that may: who can say so gets
/// them, and nobody gets them later.
final class CachedPartialAnswersTest {

    private static final String GAP = "partition 1 of spans: no answer";
    private static final int PATIENCE_SECONDS = CachedTraceContract.PATIENCE_SECONDS;

    private final CountingStore store = new CountingStore();
    private final LackingStore.State state = new LackingStore.State();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    // The traces are hours old: nobody asks for their version.
    private final FakeClock clock = new FakeClock(Instant.EPOCH.plusNanos(TIME).plusSeconds(7_200));
    private final CachedTraceStore strict =
            CachedTraceStore.over(
                    new LackingStore(store, state),
                    new LocalBytes(new ByteSize(1 << 20), System::nanoTime, registry),
                    new CacheConfig(
                            Duration.ofMinutes(5),
                            Duration.ofMinutes(10),
                            CachedTraceContract.LATE,
                            new ByteSize(1 << 20),
                            Duration.ofSeconds(PATIENCE_SECONDS)),
                    clock,
                    System::nanoTime,
                    registry);
    private final List<String> gaps = new ArrayList<>();
    private final TraceStore tolerant = strict.tolerating(gaps::add);

    @BeforeEach
    void writeOne() {
        strict.write(List.of(fragment(0, span(trace(1), 1, TIME))));
    }

    private static int spans(TraceStore process) {
        return process.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans().size();
    }

    /// Past the cache, as other processes write.
    private void writeAnother() {
        store.write(
                List.of(fragment(1, span(trace(1), 2, TIME).resource(resource("web")).name("b"))));
    }

    @Test
    void anAnswerThatLacksSomethingIsGivenToWhoCanSaySoAndNotRemembered() {
        // Given
        state.missing = GAP;

        // When, Then
        assertThat(spans(tolerant)).isEqualTo(1);
        assertThat(tolerant.services(Tenant.DEFAULT)).containsExactly("shop");
        assertThat(tolerant.operations(Tenant.DEFAULT, "shop")).hasSize(1);
        assertThat(tolerant.search(Tenant.DEFAULT, TraceSearch.builder().build()).traces())
                .isEmpty();
        assertThat(((DependencyStore) tolerant).dependencies(Tenant.DEFAULT, 0, 1)).isEmpty();
        assertThat(gaps).containsExactly(GAP, GAP, GAP, GAP, GAP);
        failsWhole(() -> strict.trace(Tenant.DEFAULT, trace(1)));
        failsWhole(() -> strict.services(Tenant.DEFAULT));
        failsWhole(() -> strict.operations(Tenant.DEFAULT, "shop"));

        // When: the rest is there again.
        state.missing = null;
        writeAnother();
        gaps.clear();

        // Then
        assertThat(spans(tolerant)).isEqualTo(2);
        assertThat(spans(strict)).isEqualTo(2);
        assertThat(tolerant.services(Tenant.DEFAULT)).containsExactly("shop", "web");
        assertThat(strict.operations(Tenant.DEFAULT, "web"))
                .extracting(Operation::name)
                .containsExactly("b");
        assertThat(gaps).isEmpty();
    }

    private static void failsWhole(Runnable question) {
        assertThatThrownBy(question::run).isInstanceOf(StoreException.class).hasMessage(GAP);
    }

    @Test
    void anAnswerOfACopyIsGivenAndNotRemembered() {
        // Given: it lacks what comes just now.
        state.copy = true;
        assertThat(spans(strict)).isEqualTo(1);
        assertThat(strict.services(Tenant.DEFAULT)).containsExactly("shop");

        // When
        state.copy = false;
        writeAnother();

        // Then
        assertThat(spans(strict)).isEqualTo(2);
        assertThat(strict.services(Tenant.DEFAULT)).containsExactly("shop", "web");

        // When: it is remembered from now on.
        state.copy = true;
        int asked = store.traces.get();
        assertThat(spans(strict)).isEqualTo(2);
        assertThat(spans(tolerant)).isEqualTo(2);

        // Then
        assertThat(store.traces).hasValue(asked);
    }

    @Test
    void whatIsRememberedIsWholeWhateverIsMissingNow() {
        // Given
        assertThat(spans(strict)).isEqualTo(1);

        // When
        state.missing = GAP;

        // Then
        assertThat(spans(strict)).isEqualTo(1);
        assertThat(spans(tolerant)).isEqualTo(1);
        assertThat(gaps).isEmpty();
    }

    @Test
    void whoeverSaysThatATraceHasNotGrownMayLackThatItHas() {
        // Given: a trace that could still grow when it was read.
        clock.set(Instant.EPOCH.plusNanos(TIME).plusSeconds(60));
        assertThat(spans(strict)).isEqualTo(1);

        // When
        state.missing = GAP;

        // Then
        assertThat(spans(tolerant)).isEqualTo(1);
        assertThat(gaps).containsExactly(GAP);
        failsWhole(() -> strict.trace(Tenant.DEFAULT, trace(1)));
        assertThat(store.traces).hasValue(1);
    }

    @Test
    void whoWaitsForAnotherIsToldWhatTheAnswerLacksToo() throws Exception {
        // Given: somebody has read what there is, and is held up.
        state.missing = GAP;
        var hasRead = new CountDownLatch(1);
        var mayGoOn = new CountDownLatch(1);
        store.afterRead(() -> {
            hasRead.countDown();
            CachedTraceContract.await(mayGoOn);
        });
        var toldToo = new ArrayList<String>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = executor.submit(() -> spans(tolerant));
            CachedTraceContract.await(hasRead);

            // When
            var second = executor.submit(() -> spans(strict.tolerating(toldToo::add)));
            CachedTraceContract.patiently(() ->
                    registry.get("millrace.cache.questions")
                                    .tags("kind", "trace", "outcome", "joined")
                                    .counter()
                                    .count()
                            == 1);

            // Then: who takes only whole answers does not wait for this one.
            failsWhole(() -> strict.trace(Tenant.DEFAULT, trace(1)));
            mayGoOn.countDown();
            assertThat(first.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(second.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(1);
        }
        assertThat(gaps).containsExactly(GAP);
        assertThat(toldToo).containsExactly(GAP);
        assertThat(store.traces).hasValue(1);
    }

    @Test
    void aStoreThatIsWholeOrNotThereHasNothingToTell() {
        var whole =
                CachedTraceStore.over(
                        store,
                        new LocalBytes(new ByteSize(1 << 20), System::nanoTime, registry),
                        new CacheConfig(
                                Duration.ofMinutes(5),
                                Duration.ofMinutes(10),
                                CachedTraceContract.LATE,
                                new ByteSize(1 << 20),
                                Duration.ofSeconds(PATIENCE_SECONDS)),
                        clock,
                        System::nanoTime,
                        registry);

        assertThat(whole.tolerating(gaps::add)).isSameAs(whole);
    }
}
