package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Event;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is asked, the index finds what a look at every span finds.
///
/// Few different values of everything, so that most questions have answers and many spans nearly
/// match; times around the edges of windows and of microseconds.
public interface RandomSearchContract extends StoreUnderTest {

    int RANDOM_TRACES = 80;
    int FRAGMENTS_AT_ONCE = 40;

    Comparator<Cursor> NEWEST_FIRST =
            Comparator.comparingLong(Cursor::startNanos).reversed().thenComparing(Cursor::traceId);

    /// How many questions are asked for each seed; a store that answers fast is asked more.
    default int randomSearches() {
        return 50;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 20_261_121})
    default void findsWhatALookAtEverySpanFinds(long seed) {
        // Given
        var random = new Random(seed);
        var traces = new HashMap<TraceId, List<Span>>();
        var fragments = new ArrayList<Fragment>();
        for (int i = 1; i <= RANDOM_TRACES; i++) {
            var traceId = trace(i);
            var spans = new ArrayList<Span>();
            for (int part = 0; part <= random.nextInt(3); part++) {
                var chunk =
                        IntStream.rangeClosed(0, random.nextInt(4))
                                .mapToObj(n -> randomSpan(random, traceId, 1 + spans.size() + n))
                                .toArray(Span.Builder[]::new);
                List.of(chunk).forEach(span -> spans.add(span.build()));
                fragments.add(fragment(fragments.size(), chunk));
            }
            traces.put(traceId, spans);
        }
        Collections.shuffle(fragments, random);
        for (int from = 0; from < fragments.size(); from += FRAGMENTS_AT_ONCE) {
            int to = Math.min(from + FRAGMENTS_AT_ONCE, fragments.size());
            write(fragments.subList(from, to));
        }
        for (int i = 0; i < randomSearches(); i++) {
            var search = randomSearch(random);
            String about = "seed %s, search %s: %s".formatted(seed, i, search);

            // When, Then
            answersOrRefuses(
                    needed(search),
                    () -> store().search(Tenant.DEFAULT, search),
                    page -> {
                        var expected = expected(traces, search);
                        assertThat(StoreUnderTest.ids(page.traces()))
                                .as(about)
                                .isEqualTo(expected.stream().limit(search.limit()).toList());
                        assertThat(page.next().isPresent())
                                .as(about)
                                .isEqualTo(expected.size() > search.limit());
                        assertThat(page.traces())
                                .as(about)
                                .allSatisfy(trace ->
                                        assertThat(trace.spans())
                                                .containsExactlyInAnyOrderElementsOf(
                                                        traces.getOrDefault(
                                                                trace.traceId(), List.of())));
                    });
        }
    }

    private Span.Builder randomSpan(Random random, TraceId traceId, long id) {
        long start = randomTime(random, random.nextBoolean() ? 20 : 3_000);
        var attributes = Attributes.of(randomAttribute(random), randomAttribute(random));
        var event = new Event(start, "event", Attributes.of(randomAttribute(random)), 0);
        return Samples.span(traceId, id, start)
                .time(start, start + random.nextInt(2_000) - 200)
                .name("op-" + random.nextInt(3))
                .kind(SpanKind.of(random.nextInt(6)))
                .status(new Status(Status.Code.of(random.nextInt(3)), ""))
                .resource(resource("service-" + random.nextInt(3)))
                .attributes(attributes, 0)
                .events(random.nextBoolean() ? List.of(event) : List.of(), 0);
    }

    /// In one of three windows, less than so many nanoseconds after [Samples#TIME] in the first.
    private long randomTime(Random random, int spread) {
        return TIME + random.nextInt(3) * window().toNanos() + random.nextInt(spread);
    }

    private static Attribute randomAttribute(Random random) {
        return new Attribute(
                "key-" + random.nextInt(2),
                switch (random.nextInt(3)) {
                    case 0 -> new AttributeValue.Int(random.nextInt(4));
                    case 1 -> new AttributeValue.Text("" + random.nextInt(4));
                    default ->
                            new AttributeValue.Array(
                                    List.of(new AttributeValue.Int(random.nextInt(2))));
                });
    }

    private TraceSearch randomSearch(Random random) {
        var attributes = new ArrayList<AttributeMatch>();
        for (int i = 0; i < random.nextInt(4) - 1; i++) {
            var value = random.nextInt(3) == 0 ? "[0]" : "" + random.nextInt(4);
            attributes.add(new AttributeMatch("key-" + random.nextInt(2), value));
        }
        var search = TraceSearch.builder().attributes(attributes).limit(1 + random.nextInt(60));
        if (random.nextBoolean()) {
            search.service("service-" + random.nextInt(4));
        }
        if (random.nextBoolean()) {
            search.operation("op-" + random.nextInt(4));
        }
        if (random.nextInt(3) == 0) {
            search.kind(SpanKind.of(random.nextInt(6)));
        }
        if (random.nextInt(3) == 0) {
            search.status(Status.Code.of(random.nextInt(3)));
        }
        if (random.nextInt(3) == 0) {
            search.duration(random.nextInt(600), random.nextInt(1_800));
        }
        if (random.nextInt(3) == 0) {
            long from = randomTime(random, 2_000);
            search.start(
                    from, from + random.nextInt(2) * window().toNanos() + random.nextInt(2_000));
        }
        if (random.nextInt(3) == 0) {
            search.after(
                    new Cursor(
                            randomTime(random, 2_000), trace(1 + random.nextInt(RANDOM_TRACES))));
        }
        return search.build();
    }

    private static Set<Capability> needed(TraceSearch search) {
        var needed = EnumSet.noneOf(Capability.class);
        if (search.service() == null) {
            needed.add(Capability.SEARCH_ACROSS_SERVICES);
        }
        if (search.kind() != null) {
            needed.add(Capability.SEARCH_BY_KIND);
        }
        if (search.status() != null) {
            needed.add(Capability.SEARCH_BY_STATUS);
        }
        if (!search.attributes().isEmpty()) {
            needed.add(Capability.SEARCH_BY_ATTRIBUTE);
        }
        if (search.minDurationNanos() > 0 || search.maxDurationNanos() < Long.MAX_VALUE) {
            needed.add(Capability.SEARCH_BY_DURATION);
        }
        if (search.after() != null) {
            needed.add(Capability.PAGING);
        }
        return needed;
    }

    private static List<TraceId> expected(Map<TraceId, List<Span>> traces, TraceSearch search) {
        var condition = new SpanCondition(search);
        var after = search.after();
        return traces.entrySet().stream()
                .filter(trace -> trace.getValue().stream().anyMatch(condition))
                .map(trace ->
                        new Cursor(
                                trace.getValue().stream()
                                        .mapToLong(Span::startNanos)
                                        .min()
                                        .orElseThrow(),
                                trace.getKey()))
                .filter(cursor -> after == null || NEWEST_FIRST.compare(cursor, after) > 0)
                .sorted(NEWEST_FIRST)
                .map(Cursor::traceId)
                .toList();
    }
}
