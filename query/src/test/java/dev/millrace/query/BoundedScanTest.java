package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.traceql.Query;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BoundedScanTest {

    private final MemoryTraceStore store = new MemoryTraceStore();
    private final AtomicLong clock = new AtomicLong();

    BoundedScanTest() {
        for (int i = 1; i <= 10; i++) {
            store.keep(SampleTraces.plain(new TraceId(0, i), "clock", 1_000L - i));
        }
    }

    @Test
    void endsWhenThereIsEnough() {
        // When
        var result = scan(100).run(walk(), 3, BoundedScanTest::number);

        // Then
        assertThat(result).isEqualTo(new BoundedScan.Result<>(result.found(), 3, 1, true));
        assertThat(result.found()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void endsWhenThereIsNoMore() {
        // When
        var result =
                scan(100).run(walk(), 20, trace -> number(trace).filter(number -> number % 2 == 0));

        // Then
        assertThat(result.found()).containsExactly(2L, 4L, 6L, 8L, 10L);
        assertThat(result.looked()).isEqualTo(10);
        assertThat(result.complete()).isTrue();
    }

    @Test
    void looksAtNoMoreTracesThanItMay() {
        // When
        var result = scan(5).run(walk(), 20, _ -> Optional.empty());

        // Then
        assertThat(result.looked()).isEqualTo(5);
        assertThat(result.pages()).isEqualTo(2);
        assertThat(result.complete()).isFalse();
    }

    @Test
    void looksNoLongerThanItMay() {
        // When
        var result =
                scan(100)
                        .run(
                                walk(),
                                20,
                                trace -> {
                                    clock.addAndGet(Duration.ofSeconds(4).toNanos());
                                    return number(trace);
                                });

        // Then
        assertThat(result.found()).containsExactly(1L, 2L, 3L);
        assertThat(result.complete()).isFalse();
    }

    private BoundedScan scan(int maxTraces) {
        return new BoundedScan(maxTraces, Duration.ofSeconds(10), clock::get);
    }

    private CandidateWalk walk() {
        var plan = SearchPlan.of(Query.parse("{}").pipeline());
        return new CandidateWalk(store, Tenant.DEFAULT, plan, 0, Long.MAX_VALUE, 4);
    }

    private static Optional<Long> number(Trace trace) {
        return Optional.of(trace.traceId().low());
    }
}
