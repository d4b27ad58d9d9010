package dev.millrace.storage.cassandra;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.resource;
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
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.contract.Samples;
import dev.millrace.storage.contract.StoreUnderTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is asked, the indexes find what a look at every span finds.
final class RandomSearchTest {

    private static final long WINDOW = Times.WINDOW.toNanos();

    @ParameterizedTest
    @ValueSource(longs = 20_261_121)
    void findsWhatALookAtEverySpanFinds(long seed) {
        // Given: at a time of its own, so that nothing else is found
        var random = new Random(seed);
        long time = TIME + Duration.ofDays(300).toNanos();
        var traces = new HashMap<TraceId, List<Span>>();
        var fragments = new ArrayList<Fragment>();
        for (int i = 1; i <= 50; i++) {
            var traceId = new TraceId(seed, i);
            var spans = new ArrayList<Span>();
            for (int part = 0; part <= random.nextInt(3); part++) {
                var chunk =
                        IntStream.rangeClosed(0, random.nextInt(3))
                                .mapToObj(n -> span(random, time, traceId, 1 + spans.size() + n))
                                .toArray(Span.Builder[]::new);
                List.of(chunk).forEach(span -> spans.add(span.build()));
                fragments.add(Samples.fragment(fragments.size(), chunk));
            }
            traces.put(traceId, spans);
        }
        Collections.shuffle(fragments, random);
        TestCluster.store().write(fragments);
        for (int i = 0; i < 80; i++) {
            var search = search(random, time);

            // When
            var page = TestCluster.store().search(Tenant.DEFAULT, search);

            // Then
            var expected = expected(traces, search);
            assertThat(StoreUnderTest.ids(page.traces()))
                    .as("seed %s, search %s: %s", seed, i, search)
                    .isEqualTo(expected.stream().limit(search.limit()).toList());
            assertThat(page.next().isPresent())
                    .as("seed %s, search %s: %s", seed, i, search)
                    .isEqualTo(expected.size() > search.limit());
            assertThat(page.traces())
                    .allSatisfy(trace ->
                            assertThat(trace.spans())
                                    .containsExactlyInAnyOrderElementsOf(
                                            traces.get(trace.traceId())));
        }
    }

    private static Span.Builder span(Random random, long time, TraceId traceId, long id) {
        long start = time + random.nextInt(3) * WINDOW + random.nextInt(5_000);
        var attributes = Attributes.of(attribute(random), attribute(random));
        var event = new Event(start, "event", Attributes.of(attribute(random)), 0);
        return Samples.span(traceId, id, start)
                .time(start, start + random.nextInt(10) - 2)
                .name("op-" + random.nextInt(3))
                .kind(SpanKind.of(random.nextInt(6)))
                .status(new Status(Status.Code.of(random.nextInt(3)), ""))
                .resource(resource("service-" + random.nextInt(3)))
                .attributes(attributes, 0)
                .events(random.nextBoolean() ? List.of(event) : List.of(), 0);
    }

    private static Attribute attribute(Random random) {
        return new Attribute(
                "key-" + random.nextInt(2),
                random.nextBoolean()
                        ? new AttributeValue.Int(random.nextInt(4))
                        : new AttributeValue.Text("" + random.nextInt(4)));
    }

    private static TraceSearch search(Random random, long time) {
        var attributes = new ArrayList<AttributeMatch>();
        for (int i = 0; i < random.nextInt(4) - 1; i++) {
            attributes.add(new AttributeMatch("key-" + random.nextInt(2), "" + random.nextInt(4)));
        }
        long from = time + random.nextInt(3) * WINDOW + random.nextInt(2_500);
        var search =
                TraceSearch.builder()
                        .attributes(attributes)
                        .limit(1 + random.nextInt(40))
                        .start(from, from + random.nextInt(4) * WINDOW + random.nextInt(2_500));
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
            search.duration(random.nextInt(3), random.nextInt(8));
        }
        return search.build();
    }

    private static List<TraceId> expected(Map<TraceId, List<Span>> traces, TraceSearch search) {
        var condition = new SpanCondition(search);
        return traces.entrySet().stream()
                .filter(trace -> trace.getValue().stream().anyMatch(condition))
                .sorted(
                        Comparator.comparingLong(RandomSearchTest::start)
                                .reversed()
                                .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static long start(Map.Entry<TraceId, List<Span>> trace) {
        return trace.getValue().stream().mapToLong(Span::startNanos).min().orElseThrow();
    }
}
