package dev.millrace.traceql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Random queries over random traces, against the same questions put in the plainest Java.
class QueryOracleTest {

    private static final int ROUNDS = 1_000;
    private static final TraceId ID = new TraceId(1, 1);

    /// A filter as a query has it and as Java has it.
    private record Filter(String text, Predicate<Span> predicate) {}

    /// A selection as a query has it, and what it selects.
    private record Selecting(String text, Function<List<Span>, Set<Integer>> selects) {}

    @Test
    void selectsWhatPlainLoopsSelect() {
        long seed = System.nanoTime();
        System.out.println("seed: " + seed);
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            // Given
            var spans = spans(random);
            var question = selecting(random, 3);

            // When
            var sets = Query.parse(question.text()).select(new Trace(ID, spans), 0, 1_000, 100);

            // Then
            var expected =
                    question.selects().apply(spans).stream()
                            .map(place -> spans.get(place).name())
                            .collect(Collectors.joining());
            assertThat(QueryTest.shown(sets))
                    .as("seed %d, round %d: %s over %s", seed, round, question.text(), spans)
                    .isEqualTo(expected);
        }
    }

    private static List<Span> spans(Random random) {
        int count = 1 + random.nextInt(9);
        var spans = new ArrayList<Span>();
        for (int i = 0; i < count; i++) {
            // Above the highest id there is no parent: an orphan.
            int parent = random.nextInt(i + 1) + (random.nextInt(9) == 0 ? 20 : 0);
            spans.add(
                    Span.builder(ID, new SpanId(i + 1))
                            .parentSpanId(parent == 0 ? null : new SpanId(parent))
                            .name(String.valueOf((char) ('a' + i)))
                            .kind(SpanKind.of(random.nextInt(3)))
                            .status(new Status(Status.Code.of(random.nextInt(3)), ""))
                            .time(i, i + random.nextInt(5))
                            .attributes(attributes(random), 0)
                            .build());
        }
        return spans;
    }

    private static Attributes attributes(Random random) {
        var entries = new ArrayList<Attribute>();
        for (var key : List.of("x", "y")) {
            switch (random.nextInt(5)) {
                case 0 ->
                        entries.add(new Attribute(key, new AttributeValue.Int(random.nextInt(3))));
                case 1 ->
                        entries.add(
                                new Attribute(
                                        key, new AttributeValue.Real(random.nextInt(5) / 2.0)));
                case 2 ->
                        entries.add(
                                new Attribute(
                                        key, new AttributeValue.Text("" + random.nextInt(3))));
                case 3 ->
                        entries.add(
                                new Attribute(key, new AttributeValue.Bool(random.nextBoolean())));
                default -> {}
            }
        }
        return new Attributes(entries);
    }

    private static Selecting selecting(Random random, int depth) {
        if (depth == 0 || random.nextInt(4) == 0) {
            var filter = filter(random, 2);
            return new Selecting(
                    "{ " + filter.text() + " }",
                    spans -> places(spans, place -> filter.predicate().test(spans.get(place))));
        }
        var left = selecting(random, depth - 1);
        var right = selecting(random, depth - 1);
        var relations = List.of(">>", "<<", ">", "<", "~", "&&", "||");
        String relation = relations.get(random.nextInt(relations.size()));
        if (relation.equals("&&") || relation.equals("||")) {
            return new Selecting(
                    "(" + left.text() + " " + relation + " " + right.text() + ")",
                    spans -> {
                        var a = left.selects().apply(spans);
                        var b = right.selects().apply(spans);
                        var both = new TreeSet<>(a);
                        both.addAll(b);
                        boolean lacking = relation.equals("&&") && (a.isEmpty() || b.isEmpty());
                        return lacking ? new TreeSet<>() : both;
                    });
        }
        String mode = List.of("", "!", "&").get(random.nextInt(3));
        return new Selecting(
                "(" + left.text() + " " + mode + relation + " " + right.text() + ")",
                spans -> {
                    var a = left.selects().apply(spans);
                    var b = right.selects().apply(spans);
                    BiPredicate<Integer, Integer> stands = (l, r) -> related(relation, spans, l, r);
                    var found =
                            b.stream()
                                    .filter(r ->
                                            a.stream().anyMatch(l -> stands.test(l, r))
                                                    != mode.equals("!"))
                                    .collect(Collectors.toCollection(TreeSet::new));
                    if (mode.equals("&")) {
                        a.stream()
                                .filter(l -> b.stream().anyMatch(r -> stands.test(l, r)))
                                .forEach(found::add);
                    }
                    return found;
                });
    }

    private static boolean related(String relation, List<Span> spans, int left, int right) {
        return switch (relation) {
            case ">" -> isParent(spans, left, right);
            case "<" -> isParent(spans, right, left);
            case ">>" -> isAbove(spans, left, right);
            case "<<" -> isAbove(spans, right, left);
            default -> {
                var parent = spans.get(left).parentSpanId();
                yield left != right
                        && parent != null
                        && parent.equals(spans.get(right).parentSpanId());
            }
        };
    }

    private static boolean isParent(List<Span> spans, int above, int below) {
        return spans.get(above).spanId().equals(spans.get(below).parentSpanId());
    }

    private static boolean isAbove(List<Span> spans, int above, int below) {
        return isParent(spans, above, below)
                || IntStream.range(0, spans.size())
                        .anyMatch(between ->
                                isParent(spans, between, below) && isAbove(spans, above, between));
    }

    private static Filter filter(Random random, int depth) {
        if (depth > 0 && random.nextInt(2) == 0) {
            var a = filter(random, depth - 1);
            var b = filter(random, depth - 1);
            return switch (random.nextInt(3)) {
                case 0 ->
                        new Filter(
                                "(" + a.text() + " && " + b.text() + ")",
                                a.predicate().and(b.predicate()));
                case 1 ->
                        new Filter(
                                "(" + a.text() + " || " + b.text() + ")",
                                a.predicate().or(b.predicate()));
                default -> new Filter("!(" + a.text() + ")", a.predicate().negate());
            };
        }
        String key = random.nextBoolean() ? "x" : "y";
        int number = random.nextInt(3);
        return switch (random.nextInt(7)) {
            case 0 ->
                    new Filter(
                            "span." + key + " = " + number,
                            span -> number(span, key).filter(n -> n == number).isPresent());
            case 1 ->
                    new Filter(
                            "." + key + " > " + number / 2.0,
                            span -> number(span, key).filter(n -> n > number / 2.0).isPresent());
            case 2 ->
                    new Filter(
                            "." + key + " != " + number,
                            span -> number(span, key).filter(n -> n != number).isPresent());
            case 3 ->
                    new Filter(
                            "." + key + " =~ \"" + number + "|7\"",
                            span ->
                                    span.attributes()
                                            .find(key)
                                            .equals(
                                                    Optional.of(
                                                            new AttributeValue.Text("" + number))));
            case 4 ->
                    new Filter("." + key + " = nil", span -> span.attributes().find(key).isEmpty());
            case 5 -> new Filter("duration <= " + number + "ns", s -> s.durationNanos() <= number);
            default -> new Filter("status = error", Span::isError);
        };
    }

    private static Optional<Double> number(Span span, String key) {
        return span.attributes()
                .find(key)
                .flatMap(value ->
                        switch (value) {
                            case AttributeValue.Int(long whole) -> Optional.of((double) whole);
                            case AttributeValue.Real(double real) -> Optional.of(real);
                            default -> Optional.empty();
                        });
    }

    private static Set<Integer> places(List<Span> spans, Predicate<Integer> condition) {
        return IntStream.range(0, spans.size())
                .boxed()
                .filter(condition)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
