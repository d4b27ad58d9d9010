package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.query.SearchPlan.Conditions;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.traceql.Query;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchPlanTest {

    private static final int ROUNDS = 300;

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    {}                                          => any
                    { false }                                   =>
                    { resource.service.name = "a" }             => service=a
                    { "a" = resource.service.name }             => service=a
                    { .service.name = "a" }                     => service.name=a
                    { .service.name = "unknown_service" }       => any
                    { span.service.name = "a" }                 => service.name=a
                    { resource.service.name = "" }              =>
                    { name = "a" && kind = server && status = ok } => operation=a kind=SERVER status=OK
                    { name != "a" }                             => any
                    { .a = "b" && span.c = true && resource.d } => a=b c=true d=true
                    { .a = 500 }                                => a=500.0 | a=500
                    { .a = 9007199254740993 }                   => a=9007199254740993
                    { .a = 2.0 }                                => a=2 | a=2.0
                    { .a = 1.5 }                                => a=1.5
                    { .a = 0 || .a = "" }                       => any
                    { .a = 1s }                                 => any
                    { duration > 1s && duration <= 2s }         => 1000000001..2000000000
                    { duration >= 1s && 2s > duration }         => 1000000000..1999999999
                    { duration = 5 }                            => 5..5
                    { duration > 2s && duration < 1s }          =>
                    { duration > 1.5 }                          => any
                    { name = "a" && name = "b" }                =>
                    { name = "a" || name = "b" }                => operation=a | operation=b
                    { name = "a" || .x != 1 }                   => any
                    { (name = "a" || name = "b") && .x = "1" }  => x=1 operation=a | x=1 operation=b
                    { (.a=1 || .b=1) && (.c=1 || .d=1) && name = "x" } => a=1.0 operation=x | a=1 operation=x | b=1.0 operation=x | b=1 operation=x
                    { name =~ "a|b c" }                         => operation=a | operation=b c
                    { name =~ "a.*" }                           => any
                    { name !~ "a|b" }                           => any
                    { name =~ "1|2|3|4|5|6|7|8|9" }             => any
                    { !(name = "a") }                           => any
                    { .a != nil }                               => any
                    { .a + 1 = 2 }                              => any
                    { event.a = "b" }                           => a=b
                    { name = "a" } && { name =~ "b|c" }         => operation=a
                    { name =~ "b|c" } >> { name = "a" }         => operation=a
                    { .x > 1 } > { name = "a" }                 => operation=a
                    { name = "a" } !>> { .x > 1 }               => any
                    { name = "a" } !~ { name = "b" }            => operation=b
                    { name = "a" } || { name = "b" }            => operation=a | operation=b
                    { name = "a" } || {}                        => any
                    { name = "a" } &<< { .x > 1 }               => operation=a
                    count() > 1                                 => any
                    {} | { name = "a" } | count() > 1           => operation=a
                    ({ name = "a" } | count() > 1) ~ {}         => operation=a
                    """)
    void asksTheStoreForWhatItUnderstands(String query, String searches) {
        // When
        var plan = SearchPlan.of(Query.parse(query).pipeline());

        // Then
        assertThat(shown(plan)).startsWith(searches == null ? "" : searches);
        assertThat(plan.alternatives().isEmpty()).isEqualTo(searches == null);
    }

    @Test
    void missesNothingThatAQuerySelects() {
        long seed = System.nanoTime();
        System.out.println("seed: " + seed);
        var random = new Random(seed);
        var store = new MemoryTraceStore();
        var traces = new ArrayList<Trace>();
        for (int i = 1; i <= 40; i++) {
            var spans = spans(random, new TraceId(0, i));
            store.keep(spans);
            traces.add(new Trace(new TraceId(0, i), spans));
        }
        traces.sort(
                Comparator.comparingLong(Trace::startNanos)
                        .reversed()
                        .thenComparing(Trace::traceId));
        var scan = new BoundedScan(1_000, Duration.ofMinutes(1), System::nanoTime);
        for (int round = 0; round < ROUNDS; round++) {
            // Given
            var query = Query.parse(text(random));
            long start = random.nextInt(50);
            long end = start + random.nextInt(100);

            // When
            var walk =
                    new CandidateWalk(
                            store,
                            Tenant.DEFAULT,
                            SearchPlan.of(query.pipeline()),
                            start,
                            end,
                            1 + random.nextInt(5));
            var found =
                    scan.run(
                            walk,
                            1_000,
                            trace ->
                                    query.select(trace, start, end, 1).isEmpty()
                                            ? Optional.empty()
                                            : Optional.of(trace.traceId()));

            // Then
            assertThat(found.found())
                    .as("seed %d, round %d: %s", seed, round, query)
                    .isEqualTo(
                            traces.stream()
                                    .filter(trace -> !query.select(trace, start, end, 1).isEmpty())
                                    .map(Trace::traceId)
                                    .toList());
        }
    }

    private static List<Span> spans(Random random, TraceId id) {
        long start = random.nextInt(100);
        var spans = new ArrayList<Span>();
        int count = 1 + random.nextInt(4);
        for (int i = 1; i <= count; i++) {
            int parent = random.nextInt(i);
            long begin = start + random.nextInt(20);
            spans.add(
                    Span.builder(id, new SpanId(i))
                            .parentSpanId(parent == 0 ? null : new SpanId(parent))
                            .name("n" + random.nextInt(3))
                            .kind(SpanKind.of(random.nextInt(3)))
                            .status(new Status(Status.Code.of(random.nextInt(3)), ""))
                            .time(begin, begin + random.nextInt(5) - 1)
                            .attributes(attributes(random), 0)
                            .resource(resource(random))
                            .build());
        }
        return spans;
    }

    private static Resource resource(Random random) {
        return random.nextInt(4) == 0
                ? Resource.EMPTY
                : new Resource(
                        Attributes.of(SampleTraces.text("service.name", "s" + random.nextInt(2))),
                        0,
                        "");
    }

    private static Attributes attributes(Random random) {
        AttributeValue value =
                switch (random.nextInt(5)) {
                    case 0 -> new AttributeValue.Int(random.nextInt(3));
                    case 1 -> new AttributeValue.Real(random.nextInt(5) / 2.0 - 1);
                    case 2 -> new AttributeValue.Text("" + random.nextInt(3));
                    case 3 -> new AttributeValue.Bool(random.nextBoolean());
                    default -> new AttributeValue.Array(List.of(new AttributeValue.Int(1)));
                };
        return Attributes.of(new Attribute("x", value));
    }

    private static String text(Random random) {
        if (random.nextInt(3) == 0) {
            var relations = List.of("&&", "||", ">>", "<", "~", "!>", "!<<", "&>>");
            return "("
                    + text(random)
                    + relations.get(random.nextInt(relations.size()))
                    + text(random)
                    + ")";
        }
        return "{ " + condition(random, 3) + " }";
    }

    private static String condition(Random random, int depth) {
        if (depth > 0 && random.nextInt(2) == 0) {
            return "("
                    + condition(random, depth - 1)
                    + (random.nextBoolean() ? " && " : " || ")
                    + condition(random, depth - 1)
                    + ")";
        }
        int number = random.nextInt(3);
        return switch (random.nextInt(14)) {
            case 0 -> "resource.service.name = \"s" + number + "\"";
            case 1 -> ".service.name = \"s" + number + "\"";
            case 2 -> "resource.service.name = \"unknown_service\"";
            case 3 -> "name = \"n" + number + "\"";
            case 4 -> "name =~ \"n0|n" + number + "\"";
            case 5 -> "kind = server";
            case 6 -> "status = error";
            case 7 -> ".x = " + number;
            case 8 -> "span.x = " + (number - 0.5);
            case 9 -> ".x = \"" + number + "\"";
            case 10 -> ".x";
            case 11 ->
                    "duration "
                            + List.of("<", "<=", ">", ">=", "=").get(random.nextInt(5))
                            + " "
                            + number;
            case 12 -> "!(.x = " + number + ")";
            default -> ".x != nil";
        };
    }

    private static String shown(SearchPlan plan) {
        return plan.alternatives().stream()
                .map(SearchPlanTest::shown)
                .collect(Collectors.joining(" | "));
    }

    private static String shown(Conditions conditions) {
        TraceSearch search = conditions.search().build();
        var parts = new ArrayList<String>();
        Optional.ofNullable(search.service()).ifPresent(service -> parts.add("service=" + service));
        search.attributes().forEach(match -> parts.add(match.key() + "=" + match.value()));
        Optional.ofNullable(search.operation()).ifPresent(name -> parts.add("operation=" + name));
        Optional.ofNullable(search.kind()).ifPresent(kind -> parts.add("kind=" + kind));
        Optional.ofNullable(search.status()).ifPresent(status -> parts.add("status=" + status));
        if (search.minDurationNanos() > 0 || search.maxDurationNanos() < Long.MAX_VALUE) {
            parts.add(search.minDurationNanos() + ".." + search.maxDurationNanos());
        }
        return parts.isEmpty() ? "any" : String.join(" ", parts);
    }
}
