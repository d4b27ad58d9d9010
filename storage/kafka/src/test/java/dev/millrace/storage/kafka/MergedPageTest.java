package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.kafka.FoundTraces.Found;
import dev.millrace.storage.kafka.MergedPage.Share;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What one page holds of what many partitions find.
final class MergedPageTest {

    /// Traces by partition, newest first.
    private final Map<Integer, List<Found>> kept = new HashMap<>();

    private static Found found(long number, long start) {
        var whole = new Trace(trace(number), List.of(span(trace(number), 1, start).build()));
        return new Found(new Cursor(start, trace(number)), whole, false);
    }

    private static final Comparator<Found> ORDER =
            Comparator.comparing(Found::at, Cursor.NEWEST_FIRST);

    /// What a partition finds after a cursor: at most so many, and whether there is more.
    private FoundTraces after(int partition, @Nullable Cursor after, int most) {
        var rest =
                kept.getOrDefault(partition, List.of()).stream()
                        .filter(each ->
                                after == null || Cursor.NEWEST_FIRST.compare(each.at(), after) > 0)
                        .toList();
        var some = rest.subList(0, Math.min(most, rest.size()));
        return new FoundTraces(
                some,
                rest.size() > some.size() ? Optional.of(some.getLast().at()) : Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void givesEveryTraceOnceAndInOrderHoweverAnswersAreCutAndPartitionsMove(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 50; round++) {
            // Given
            kept.clear();
            int partitions = 1 + random.nextInt(5);
            var all = new ArrayList<Found>();
            int traces = random.nextInt(60);
            for (int i = 0; i < traces; i++) {
                // Few distinct times, so that many are equal.
                var found = found(i + 1, TIME + random.nextInt(20));
                all.add(found);
                kept.computeIfAbsent(random.nextInt(partitions), _ -> new ArrayList<>()).add(found);
            }
            kept.values().forEach(list -> list.sort(ORDER));
            all.sort(ORDER);
            var expected = all.stream().map(found -> found.trace().traceId()).toList();
            int limit = 1 + random.nextInt(12);

            // When
            var given = new ArrayList<TraceId>();
            Cursor after = null;
            boolean more = true;
            while (more) {
                var page =
                        new MergedPage(
                                        limit,
                                        (asked, from) -> scattered(asked, from, limit, random))
                                .of(PartitionedTopic.numbers(partitions), after);
                given.addAll(StoreUnderTest.ids(page.traces()));
                after = page.next().orElse(null);
                more = after != null;

                // Then
                assertThat(page.traces().size()).isLessThanOrEqualTo(limit);
                if (more) {
                    assertThat(page.traces()).hasSize(limit);
                    assertThat(given.size()).as("another page follows").isLessThan(expected.size());
                }
            }
            assertThat(given).as("seed %s, limit %s", seed, limit).isEqualTo(expected);
        }
    }

    // Instances, each with some of the partitions, which end their answers where they like.
    private List<Share> scattered(
            Collection<Integer> asked, @Nullable Cursor after, int limit, SplittableRandom random) {
        var instances = new HashMap<Integer, Set<Integer>>();
        asked.forEach(partition ->
                instances.computeIfAbsent(random.nextInt(3), _ -> new HashSet<>()).add(partition));
        var shares = new ArrayList<Share>();
        for (var partitions : instances.values()) {
            var found = new ArrayList<Found>();
            boolean more = false;
            for (int partition : partitions) {
                var part = after(partition, after, limit);
                found.addAll(part.found());
                more |= part.next().isPresent();
            }
            found.sort(ORDER);
            int most = 1 + random.nextInt(limit);
            var some = List.copyOf(found.subList(0, Math.min(most, found.size())));
            more |= found.size() > some.size();
            shares.add(
                    new Share(
                            partitions,
                            new FoundTraces(
                                    some,
                                    more ? Optional.of(some.getLast().at()) : Optional.empty())));
        }
        return shares;
    }

    @Test
    void goesOnReadingWhereAllOfAnAnswerBelongsToOthers() {
        // Given: what was left out of the first answer was another instance's to say.
        var newest = found(1, TIME + 9);
        var later = found(2, TIME + 1);
        var answers =
                new ArrayList<>(
                        List.of(
                                List.of(
                                        new Share(
                                                Set.of(0),
                                                new FoundTraces(
                                                        List.of(), Optional.of(newest.at()))),
                                        new Share(
                                                Set.of(1),
                                                new FoundTraces(
                                                        List.of(newest), Optional.empty()))),
                                List.of(
                                        new Share(
                                                Set.of(0),
                                                new FoundTraces(
                                                        List.of(later), Optional.empty())))));

        // When
        var page = new MergedPage(10, (_, _) -> answers.removeFirst()).of(List.of(0, 1), null);

        // Then
        assertThat(StoreUnderTest.ids(page.traces())).containsExactly(trace(1), trace(2));
        assertThat(page.next()).isEmpty();
    }

    @Test
    void readsOfManyPartitionsLittleMoreThanOfOne() {
        // Given
        var random = new SplittableRandom(7);
        int partitions = 100;
        for (int i = 0; i < 10_000; i++) {
            kept.computeIfAbsent(random.nextInt(partitions), _ -> new ArrayList<>())
                    .add(found(i + 1, TIME + random.nextInt(1_000_000)));
        }
        kept.values().forEach(list -> list.sort(ORDER));
        var search = TraceSearch.builder().limit(20).build();
        var newest = new NewestTraces(search);

        // When
        int read = 0;
        for (int partition = 0; partition < partitions; partition++) {
            var page = page(partition, newest.next());
            read += page.traces().size();
            newest.add(page);
        }

        // Then: 2,000 if each gave a page.
        assertThat(read).isLessThan(200);
        assertThat(newest.traces().found().stream().map(Found::at))
                .containsExactlyElementsOf(
                        kept.values().stream()
                                .flatMap(List::stream)
                                .sorted(ORDER)
                                .limit(20)
                                .map(Found::at)
                                .toList());
        assertThat(newest.traces().next()).contains(newest.traces().found().getLast().at());
    }

    private SearchPage page(int partition, TraceSearch search) {
        var rest =
                kept.getOrDefault(partition, List.of()).stream()
                        .filter(found -> found.at().startNanos() >= search.startNanos())
                        .toList();
        var some = rest.subList(0, Math.min(search.limit(), rest.size()));
        return new SearchPage(
                some.stream().map(Found::trace).toList(),
                rest.size() > some.size() ? Optional.of(some.getLast().at()) : Optional.empty());
    }

    @Test
    void goesOnWhereAStoreSaysThoughACopyThatLostBeganEarlier() {
        // Given: a trace that its store puts earlier than any of its spans begins.
        var newest = new NewestTraces(TraceSearch.builder().limit(1).build());
        var store = new Cursor(TIME - 5, trace(1));

        // When
        newest.add(new SearchPage(List.of(found(1, TIME).trace()), Optional.of(store)));

        // Then
        assertThat(newest.traces().next()).contains(store);
    }
}
