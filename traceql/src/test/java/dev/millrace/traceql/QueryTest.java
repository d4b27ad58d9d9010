package dev.millrace.traceql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryTest {

    private static final TraceId ID = new TraceId(1, 2);
    private static final Resource SHOP = resource("shop");
    private static final Resource BANK = resource("bank");

    /// a (b (d), c), an orphan e, all of one trace, each a second after the one before.
    private static final Trace TRACE =
            new Trace(
                    ID,
                    List.of(
                            span(1, null, "a", SHOP)
                                    .kind(SpanKind.SERVER)
                                    .time(0, 9_000_000_000L)
                                    .attributes(
                                            attributes(
                                                    "http.status_code",
                                                    500L,
                                                    "ratio",
                                                    0.5,
                                                    "big",
                                                    1e300,
                                                    "ok",
                                                    true,
                                                    "text",
                                                    "Hello",
                                                    "list",
                                                    List.of("x", "y")),
                                            0)
                                    .events(
                                            List.of(
                                                    new Event(
                                                            1_000, "first", attributes("n", 1L), 0),
                                                    new Event(
                                                            2_000,
                                                            "second",
                                                            attributes("n", 2L),
                                                            0)),
                                            0)
                                    .links(
                                            List.of(
                                                    new Link(
                                                            new TraceId(0, 7),
                                                            new SpanId(8),
                                                            "",
                                                            0,
                                                            attributes("why", "batch"),
                                                            0)),
                                            0)
                                    .scope(new Scope("tracer", "1.2", attributes("s", "t"), 0, ""))
                                    .status(new Status(Status.Code.ERROR, "broke"))
                                    .build(),
                            span(2, 1L, "b", BANK)
                                    .kind(SpanKind.CLIENT)
                                    .attributes(
                                            attributes("http.status_code", 200L, "zone", "own"), 0)
                                    .time(1_000_000_000L, 1_100_000_000L)
                                    .build(),
                            span(3, 1L, "c", SHOP)
                                    .attributes(attributes("http.status_code", 500.0), 0)
                                    .time(2_000_000_000L, 2_200_000_000L)
                                    .build(),
                            span(4, 2L, "d", BANK)
                                    .time(3_000_000_000L, 3_300_000_000L)
                                    .attributes(attributes("http.status_code", "500"), 0)
                                    .build(),
                            span(5, 99L, "e", Resource.EMPTY)
                                    .time(4_000_000_000L, 4_000_000_000L)
                                    .build()));

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    {}                                          => abcde
                    { false }                                   =>
                    { resource.service.name = "shop" }          => ac
                    { resource.service.name = "unknown_service" } => e
                    { .service.name =~ "sho" }                  =>
                    { .service.name =~ "sho." }                 => ac
                    { .zone = "own" }                           => b
                    { .zone = "eu" }                            => acd
                    { resource.zone = "eu" }                    => abcd
                    { span.zone = "eu" }                        =>
                    { span.http.status_code = 500 }             => ac
                    { span.http.status_code = "500" }           => d
                    { span.http.status_code != 500 }            => b
                    { span.http.status_code = nil }             => e
                    { span.http.status_code != nil }            => abcd
                    { span.http.status_code * 2 + 1 > 1000 }    => ac
                    { .ratio = 0.5 && .big > 9223372036854775807 } => a
                    { .ok }                                     => a
                    { !.ok }                                    =>
                    { .ok != true }                             =>
                    { .text > "Hella" && .text <= "Hello" }     => a
                    { .text !~ "Hello" }                        =>
                    { .text =~ "(?i)hello|x" }                  => a
                    { .list = "x" || .list != "x" || .list =~ ".*" } =>
                    { .list != nil }                            => a
                    { duration >= 200ms && duration < 1s }      => cd
                    { name = "a" || name = "e" }                => ae
                    { status = error }                          => a
                    { statusMessage = "broke" }                 => a
                    { kind = client }                           => b
                    { childCount > 0 }                          => ab
                    { span:childCount = 2 }                     => a
                    { rootName = "a" && rootServiceName = "shop" } => abcde
                    { traceDuration > 8s }                      => abcde
                    { trace:id = "00000000000000010000000000000002" } => abcde
                    { span:id = "0000000000000003" }            => c
                    { span:parentID = "0000000000000001" }      => bc
                    { span:parentID = nil }                     => a
                    { nestedSetParent < 0 }                     => a
                    { nestedSetLeft = 2 && nestedSetRight = 5 } => b
                    { nestedSetLeft = 0 }                       => e
                    { nestedSetParent = 1 }                     => bc
                    { event.n = 2 }                             => a
                    { event.n != 2 }                            =>
                    { event.n != 3 }                            => a
                    { .n > 1 }                                  => a
                    { event:name = "second" }                   => a
                    { event:timeSinceStart > 1us }              => a
                    { link.why = "batch" && link:spanID = "0000000000000008" } => a
                    { link:traceID =~ ".*7" }                   => a
                    { instrumentation.s = "t" && instrumentation:name = "tracer" } => a
                    { instrumentation:version = "1.2" }         => a
                    { name = "a" } >> {}                        => bcd
                    { name = "a" } > {}                         => bc
                    { name = "d" } << {}                        => ab
                    { name = "d" } < {}                         => b
                    { name = "b" } ~ {}                         => c
                    { name = "b" } !>> {}                       => abce
                    { name = "d" } !<< {}                       => cde
                    { name = "a" } !> {}                        => ade
                    { name = "d" } !< {}                        => acde
                    { name = "b" } !~ {}                        => abde
                    { false } !>> { name = "b" }                => b
                    { name = "a" } &>> { name = "d" }           => ad
                    { name = "d" } &<< { name = "a" }           => ad
                    { name = "a" } &> { name = "c" }            => ac
                    { name = "c" } &< { name = "a" }            => ac
                    { name = "b" } &~ { name = "c" }            => bc
                    { name = "a" } && { name = "d" }            => ad
                    { name = "a" } && { name = "z" }            =>
                    { name = "a" } || { name = "z" }            => a
                    { name = "a" } > { name = "b" } > {}        => d
                    {} | { kind = client }                      => b
                    {} | count() = 5                            => abcde
                    {} | count() > 5                            =>
                    { kind = client } | count() = 1             => b
                    {} | avg(duration) > 1s                     => abcde
                    {} | max(duration) = 9s                     => abcde
                    {} | min(duration) = 0s                     => abcde
                    {} | sum(span.http.status_code) = 1200      => abcde
                    {} | avg(.missing) > 0                      =>
                    {} | by(resource.service.name)              => ac bd e
                    {} | by(resource.service.name) | count() > 1 => ac bd
                    {} | by(resource.service.name) | count() > 1 | coalesce() => abcd
                    ({} | by(kind) | count() = 1) >> {}         => bcd
                    ({} | count() > 9) || { name = "c" }        => c
                    {} | select(.zone)                          => abcde
                    """)
    void selects(String query, String names) {
        // When
        var sets = Query.parse(query).select(TRACE, 0, Long.MAX_VALUE, 10);

        // Then
        assertThat(shown(sets)).isEqualTo(names == null ? "" : names);
        assertThat(sets).allMatch(set -> set.matched() == set.spans().size());
    }

    @Test
    void showsNoMoreSpansThanAskedFor() {
        // When
        var sets = Query.parse("{}").select(TRACE, 0, Long.MAX_VALUE, 2);

        // Then
        assertThat(shown(sets)).isEqualTo("ab");
        assertThat(sets.getFirst().matched()).isEqualTo(5);
    }

    @Test
    void selectsOnlySpansThatStartInTimeButSeesTheOthersBetween() {
        // When
        var sets = Query.parse("{ name = `a` } >> {}").select(TRACE, 0, 0, 10);
        var inTime = Query.parse("{} << {}").select(TRACE, 0, 3_000_000_000L, 10);
        var below =
                Query.parse("{ childCount = 0 }").select(TRACE, 3_000_000_000L, 4_000_000_000L, 9);

        // Then
        assertThat(sets).isEmpty();
        assertThat(shown(inTime)).isEqualTo("ab");
        assertThat(shown(below)).isEqualTo("de");
    }

    @Test
    void tellsOfEachSpanWhatTheQueryMentions() {
        // When
        var set =
                Query.parse("{ .zone = `own` } | select(status, .missing) | count() > 0 | by(kind)")
                        .select(TRACE, 0, Long.MAX_VALUE, 1)
                        .getFirst();

        // Then
        assertThat(set.spans().getFirst().values())
                .map(told -> told.field() + "=" + told.value())
                .containsExactly(".zone=own", "status=unset", "kind=client");
        assertThat(set.notes())
                .map(note -> note.name() + "=" + note.value())
                .containsExactly("count()=1", "by(kind)=client");
    }

    @Test
    void endsOnARingOfParents() {
        // Given
        var ring =
                new Trace(
                        ID,
                        List.of(
                                span(1, 2L, "a", SHOP).build(),
                                span(2, 1L, "b", SHOP).build(),
                                span(2, 2L, "c", SHOP).build()));

        // When
        var below = Query.parse("{ name = `a` } >> {}").select(ring, 0, 9, 9);
        var numbered = Query.parse("{ nestedSetLeft != 0 }").select(ring, 0, 9, 9);

        // Then
        assertThat(shown(below)).isEqualTo("abc");
        assertThat(numbered).isEmpty();
    }

    @Test
    void countsBothHalvesOfACallAsParents() {
        // Given
        var halves =
                new Trace(
                        ID,
                        List.of(
                                span(1, null, "a", SHOP).kind(SpanKind.CLIENT).build(),
                                span(1, null, "b", BANK).kind(SpanKind.SERVER).build(),
                                span(2, 1L, "c", BANK).build()));

        // When
        var parents = Query.parse("{ name = `c` } < {}").select(halves, 0, 9, 9);

        // Then
        assertThat(shown(parents)).isEqualTo("ab");
    }

    static String shown(List<SpanSet> sets) {
        return sets.stream()
                .map(set ->
                        set.spans().stream()
                                .map(selected -> selected.span().name())
                                .collect(Collectors.joining()))
                .collect(Collectors.joining(" "));
    }

    private static Span.Builder span(
            long id, @Nullable Long parent, String name, Resource resource) {
        return Span.builder(ID, new SpanId(id))
                .parentSpanId(parent == null ? null : new SpanId(parent))
                .name(name)
                .resource(resource);
    }

    private static Resource resource(String service) {
        return new Resource(attributes("service.name", service, "zone", "eu"), 0, "");
    }

    private static Attributes attributes(Object... keysAndValues) {
        var entries = new Attributes.Attribute[keysAndValues.length / 2];
        for (int i = 0; i < entries.length; i++) {
            entries[i] =
                    new Attributes.Attribute(
                            (String) keysAndValues[2 * i], value(keysAndValues[2 * i + 1]));
        }
        return Attributes.of(entries);
    }

    private static AttributeValue value(Object value) {
        return switch (value) {
            case String text -> new AttributeValue.Text(text);
            case Long number -> new AttributeValue.Int(number);
            case Double number -> new AttributeValue.Real(number);
            case Boolean bool -> new AttributeValue.Bool(bool);
            case List<?> list ->
                    new AttributeValue.Array(
                            list.stream().map(element -> value((Object) element)).toList());
            default -> throw new IllegalArgumentException("value: " + value);
        };
    }
}
