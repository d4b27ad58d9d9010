package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TraceSearch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Pages hold exactly as many traces as asked for, and follow each other without gap or repeat.
public interface PagingContract extends StoreUnderTest {

    @Test
    default void holdsExactlyAsManyTracesAsTheLimit() {
        // Given
        writeTracesAt(TIME, TIME + 1, TIME + 2);

        // When
        var two = page(2, null);
        var three = page(3, null);

        // Then
        assertThat(StoreUnderTest.ids(two.traces())).containsExactly(trace(3), trace(2));
        assertThat(two.next()).contains(new Cursor(TIME + 1, trace(2)));
        assertThat(three.traces()).hasSize(3);
        assertThat(three.next()).isEmpty();
    }

    @Test
    default void beginsTheNextPageAfterTheCursor() {
        // Given
        writeTracesAt(TIME, TIME + 1, TIME + 2);

        // When, Then
        answersOrRefuses(
                Set.of(Capability.PAGING),
                () -> page(2, new Cursor(TIME + 1, trace(2))),
                page -> {
                    assertThat(StoreUnderTest.ids(page.traces())).containsExactly(trace(1));
                    assertThat(page.next()).isEmpty();
                });
    }

    @Test
    default void pagesThroughTracesThatStartAtTheSameNanosecond() {
        // Given
        writeTracesAt(TIME, TIME, TIME, TIME, TIME);

        // When, Then
        pagesHoldInTurn(2, List.of(trace(1), trace(2), trace(3), trace(4), trace(5)));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    default void pagesThroughTracesOfManyFragmentsAndWindows(long seed) {
        // Given
        var random = new SplittableRandom(seed);
        var expected = new ArrayList<Cursor>();
        var fragments = new ArrayList<Fragment>();
        for (int i = 1; i <= 40; i++) {
            long earliest = Long.MAX_VALUE;
            for (int part = 1; part <= 1 + random.nextInt(3); part++) {
                // Few distinct times, so that many are equal.
                long start =
                        TIME + random.nextInt(3) * window().toNanos() + random.nextInt(4) * SECOND;
                earliest = Math.min(earliest, start);
                var span = span(trace(i), part, start);
                fragments.add(
                        fragment(
                                fragments.size(),
                                part == 1 ? span : span.resource(resource("web"))));
            }
            expected.add(new Cursor(earliest, trace(i)));
        }
        write(fragments);
        expected.sort(
                Comparator.comparingLong(Cursor::startNanos)
                        .reversed()
                        .thenComparing(Cursor::traceId));

        // When, Then
        pagesHoldInTurn(1 + random.nextInt(12), expected.stream().map(Cursor::traceId).toList());
    }

    private void pagesHoldInTurn(int limit, List<TraceId> expected) {
        answersOrRefuses(
                Set.of(Capability.PAGING),
                () -> {
                    var found = new ArrayList<TraceId>();
                    var page = page(limit, null);
                    found.addAll(StoreUnderTest.ids(page.traces()));
                    while (page.next().isPresent()) {
                        assertThat(page.traces()).hasSize(limit);
                        page = page(limit, page.next().get());
                        assertThat(page.traces()).isNotEmpty();
                        found.addAll(StoreUnderTest.ids(page.traces()));
                    }
                    return found;
                },
                found -> assertThat(found).as("limit %s", limit).isEqualTo(expected));
    }

    private SearchPage page(int limit, @Nullable Cursor after) {
        return store().search(
                        Tenant.DEFAULT,
                        TraceSearch.builder().service("shop").limit(limit).after(after).build());
    }

    private void writeTracesAt(long... starts) {
        write(
                LongStream.range(0, starts.length)
                        .mapToObj(i -> fragment(i, span(trace(i + 1), 1, starts[(int) i])))
                        .toList());
    }
}
