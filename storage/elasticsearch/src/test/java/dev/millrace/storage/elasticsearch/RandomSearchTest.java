package dev.millrace.storage.elasticsearch;

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
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.SpanCondition;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.contract.Samples;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever is asked, the index finds what a look at every span finds.
@ResourceLock("elasticsearch")
final class RandomSearchTest {

    private static final long DAY = Duration.ofDays(1).toNanos();

    private final OnServer onServer =
            new OnServer(SearchServer.shared(SearchServer.Kind.ELASTICSEARCH), "random");

    @ParameterizedTest
    @ValueSource(longs = 20_261_121)
    void findsWhatALookAtEverySpanFinds(long seed) {
        // Given
        var random = new Random(seed);
        var traces = new HashMap<TraceId, List<Span>>();
        var fragments = new ArrayList<Fragment>();
        for (int i = 1; i <= 100; i++) {
            var traceId = Samples.trace(i);
            var spans = new ArrayList<Span>();
            for (int part = 0; part <= random.nextInt(3); part++) {
                var chunk =
                        IntStream.rangeClosed(0, random.nextInt(4))
                                .mapToObj(n -> span(random, traceId, 1 + spans.size() + n))
                                .toArray(Span.Builder[]::new);
                List.of(chunk).forEach(span -> spans.add(span.build()));
                fragments.add(Samples.fragment(fragments.size(), chunk));
            }
            traces.put(traceId, spans);
        }
        var tags = new TagsAsFields(false, Set.of("key-0"), "@");
        try (onServer;
                var store = OnServer.started(onServer.config(Layout.DAILY, tags))) {
            store.write(fragments);
            for (int i = 0; i < 50; i++) {
                var search = search(random);
                var expected = expected(traces, search);

                // When
                var page = store.search(Tenant.DEFAULT, search);

                // Then
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
                                                traces.getOrDefault(trace.traceId(), List.of())));
            }
        }
    }

    private static Span.Builder span(Random random, TraceId traceId, long id) {
        long start = TIME + random.nextInt(3) * DAY + random.nextInt(2_000);
        var attributes = Attributes.of(attribute(random), attribute(random));
        var event = new Event(start, "event", Attributes.of(attribute(random)), 0);
        return Samples.span(traceId, id, start)
                .time(start, start + random.nextInt(2_000) - 200)
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
                switch (random.nextInt(3)) {
                    case 0 -> new AttributeValue.Int(random.nextInt(4));
                    case 1 -> new AttributeValue.Text("" + random.nextInt(4));
                    default ->
                            new AttributeValue.Array(
                                    List.of(new AttributeValue.Int(random.nextInt(2))));
                });
    }

    private static TraceSearch search(Random random) {
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
            long from = TIME + random.nextInt(3) * DAY + random.nextInt(1_000);
            search.start(from, from + random.nextInt(2) * DAY + random.nextInt(1_000));
        }
        if (random.nextInt(3) == 0) {
            search.after(
                    new Cursor(
                            TIME + random.nextInt(3) * DAY + random.nextInt(2_000),
                            Samples.trace(1 + random.nextInt(100))));
        }
        return search.build();
    }

    private static List<TraceId> expected(Map<TraceId, List<Span>> traces, TraceSearch search) {
        var condition = new SpanCondition(search);
        var after = search.after();
        var order =
                Comparator.comparingLong(Cursor::startNanos)
                        .reversed()
                        .thenComparing(Cursor::traceId);
        return traces.entrySet().stream()
                .filter(trace -> trace.getValue().stream().anyMatch(condition))
                .map(trace ->
                        new Cursor(
                                trace.getValue().stream()
                                        .mapToLong(Span::startNanos)
                                        .min()
                                        .orElseThrow(),
                                trace.getKey()))
                .filter(cursor -> after == null || order.compare(cursor, after) > 0)
                .sorted(order)
                .map(Cursor::traceId)
                .toList();
    }
}
