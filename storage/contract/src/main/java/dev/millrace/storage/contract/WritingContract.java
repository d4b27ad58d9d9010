package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceSearch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What is written is there, once, at once and for good.
public interface WritingContract extends StoreUnderTest {

    @Test
    default void findsATraceAsSoonAsItIsWrittenOrRefusesToWriteIt() {
        // When, Then
        answersOrRefuses(
                Set.of(Capability.WRITING),
                () -> {
                    store().write(List.of(fragment(0, span(trace(1), 1, TIME))));
                    return spansOf(trace(1));
                },
                spans -> {
                    assertThat(spans).hasSize(1);
                    finds(Set.of(), TraceSearch.builder().service("shop"), trace(1));
                });
    }

    @Test
    default void findsATraceAfterClosingAndOpeningAgain() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));
        write(List.of(fragment(1, span(trace(2), 1, TIME + SECOND))));

        // When
        reopenedStore();

        // Then
        assertThat(spansOf(trace(1))).hasSize(1);
        finds(Set.of(), TraceSearch.builder().service("shop"), trace(2), trace(1));
    }

    @Test
    default void givesBackASpanAsItWasWritten() {
        // Given
        var written = span(trace(1), 1, TIME).build();

        // When
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // Then
        assertThat(spansOf(trace(1))).containsExactly(written);
    }

    @Test
    default void keepsAFragmentOnceHoweverOftenItIsWritten() {
        // Given
        var fragment = fragment(7, span(trace(1), 1, TIME), span(trace(1), 2, TIME));

        // When
        write(List.of(fragment, fragment));
        write(List.of(fragment));
        reopenedStore();
        write(List.of(fragment));

        // Then
        assertThat(spansOf(trace(1))).hasSize(2);
        finds(Set.of(), TraceSearch.builder().service("shop"), trace(1));
    }

    @Test
    default void keepsAFragmentWhoseOffsetIsBelowOnesSeenBefore() {
        // Given
        write(List.of(fragment(9, span(trace(1), 1, TIME))));

        // When
        write(List.of(fragment(3, span(trace(2), 1, TIME))));
        reopenedStore();
        write(List.of(fragment(4, span(trace(3), 1, TIME))));

        // Then
        assertThat(spansOf(trace(2))).hasSize(1);
        assertThat(spansOf(trace(3))).hasSize(1);
    }

    @Test
    default void tellsPartitionsAndTopicsApart() {
        // Given
        var first = fragment(5, span(trace(1), 1, TIME));
        var second = fragment(5, span(trace(2), 1, TIME));
        var third = fragment(5, span(trace(3), 1, TIME));

        // When
        write(
                List.of(
                        first,
                        from(new FragmentId("traces-complete", 1, 5), second),
                        from(new FragmentId("spans", 0, 5), third)));

        // Then
        assertThat(spansOf(trace(1))).hasSize(1);
        assertThat(spansOf(trace(2))).hasSize(1);
        assertThat(spansOf(trace(3))).hasSize(1);
    }

    @Test
    default void tellsThePartsOfARecordApart() {
        // Given: a record of three traces, of which only the first two came through.
        var first = fragment(5, span(trace(1), 1, TIME));
        var second = part(1, fragment(5, span(trace(2), 1, TIME + 2 * SECOND)));
        var third = part(2, fragment(5, span(trace(3), 1, TIME + 3 * SECOND)));
        write(List.of(first, second));

        // When
        reopenedStore();
        write(List.of(first, second, third));
        reopenedStore();
        write(List.of(second, third));
        write(List.of(part(1, fragment(4, span(trace(4), 1, TIME + 4 * SECOND)))));

        // Then
        for (int trace = 1; trace <= 4; trace++) {
            assertThat(spansOf(trace(trace))).as("trace %s", trace).hasSize(1);
        }
        finds(
                Set.of(),
                TraceSearch.builder().service("shop"),
                trace(4),
                trace(3),
                trace(2),
                trace(1));
    }

    @Test
    default void keepsWhatSeveralThreadsWriteAtOnce() throws Exception {
        // Given
        int threads = 4;
        int writes = 10;

        // When
        try (var executor = Executors.newFixedThreadPool(threads)) {
            var running = new ArrayList<Future<?>>();
            for (int thread = 0; thread < threads; thread++) {
                // Two threads each write the same fragments, as after a rebalance.
                int partition = thread / 2;
                running.add(
                        executor.submit(() -> {
                            for (int i = 0; i < writes; i++) {
                                var id = new FragmentId("spans", partition, i);
                                var traceId = trace(1 + partition * 100L + i);
                                write(List.of(from(id, fragment(i, span(traceId, 1, TIME + i)))));
                                assertThat(spansOf(traceId)).hasSize(1);
                            }
                        }));
            }
            for (var task : running) {
                task.get();
            }
        }

        // Then
        var found =
                store().search(
                                Tenant.DEFAULT,
                                TraceSearch.builder().service("shop").limit(100).build());
        assertThat(StoreUnderTest.ids(found.traces()))
                .hasSize(threads / 2 * writes)
                .doesNotHaveDuplicates();
    }

    @Test
    default void takesAnEmptyListOfFragments() {
        // When
        store().write(List.of());

        // Then
        assertThat(store().services(Tenant.DEFAULT)).isEmpty();
    }

    private static Fragment part(int part, Fragment fragment) {
        var id = fragment.id();
        return from(new FragmentId(id.topic(), id.partition(), id.offset(), part), fragment);
    }

    private static Fragment from(FragmentId id, Fragment fragment) {
        return new Fragment(id, fragment.tenant(), fragment.traceId(), fragment.body());
    }

    private List<Span> spansOf(TraceId traceId) {
        return store().trace(Tenant.DEFAULT, traceId).orElseThrow().spans();
    }
}
