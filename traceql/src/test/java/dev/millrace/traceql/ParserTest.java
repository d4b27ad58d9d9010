package dev.millrace.traceql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParserTest {

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    {}                                  => {true}
                    { true }                            => {true}
                    { .a }                              => {.a}
                    { span.http.status_code >= 500 }    => {(span.http.status_code >= 500)}
                    { resource.service.name = "x y" }   => {(resource.service.name = 'x y')}
                    { event.a = 1 && link.b != 2 }      => {((event.a = 1) && (link.b != 2))}
                    { instrumentation.c = false }       => {(instrumentation.c = false)}
                    { span."a b"."c" = `\\d` }          => {(span."a b.c" = '\\d')}
                    { .a-b = "q\\"\\\\\\n\\t\\r" }      => {(.a-b = 'q"\\
                    {.a=1}                              => {(.a = 1)}
                    {.a=1.5&&.b<-2}                     => {((.a = 1.5) && (.b < -2))}
                    { .a > 1e3 }                        => {(.a > 1000.0)}
                    { .5 < .a }                         => {(0.5 < .a)}
                    { duration > 1h30m }                => {(duration > 5400000000000ns)}
                    { duration > 1.5ms }                => {(duration > 1500000ns)}
                    { duration > 2us && duration < 3µs } => {((duration > 2000ns) && (duration < 3000ns))}
                    { duration < 1d2w1y }               => {(duration < 32832000000000000ns)}
                    { span:duration = trace:duration }  => {(duration = traceDuration)}
                    { status = error }                  => {(status = error)}
                    { kind != server }                  => {(kind != server)}
                    { span:parentID = nil }             => {(span:parentID = nil)}
                    { nil != .a }                       => {(.a != nil)}
                    { name =~ "GET.*" }                 => {(name =~ GET.*)}
                    { .a !~ `x|y` }                     => {(.a !~ x|y)}
                    { .a || .b && .c }                  => {((.a || .b) && .c)}
                    { .a && .b || .c }                  => {((.a && .b) || .c)}
                    { .a && (.b || .c) }                => {(.a && (.b || .c))}
                    { .a = 1 + 2 * 3 ^ 2 ^ 2 }          => {(.a = (1 + (2 * (3 ^ (2 ^ 2)))))}
                    { .a - 1 - 2 = 3 % 2 / 1 }          => {(((.a - 1) - 2) = ((3 % 2) / 1))}
                    { -.a * 2 < 3 }                     => {(-(.a * 2) < 3)}
                    { !.a = true }                      => {(!.a = true)}
                    { !!(.a = 1) }                      => {!!(.a = 1)}
                    {} && {} || {}                      => (({true} && {true}) || {true})
                    {} && {} >> {}                      => ({true} && ({true} >> {true}))
                    {} > {} < {} << {} ~ {}             => (((({true} > {true}) < {true}) << {true}) ~ {true})
                    {} !>> {} !<< {} !> {} !< {} !~ {}  => ((((({true} !>> {true}) !<< {true}) !> {true}) !< {true}) !~ {true})
                    {} &>> {} &<< {} &> {} &< {} &~ {}  => ((((({true} &>> {true}) &<< {true}) &> {true}) &< {true}) &~ {true})
                    ({} | count() > 1) >> ({})          => ([{true} | count() > 1] >> {true})
                    {} | count() > 2                    => {true} | count() > 2
                    {} | avg( duration ) < 1s           => {true} | avg( duration ) < 1000000000ns
                    {} | min(.a) = -1                   => {true} | min(.a) = -1
                    max(1 + .a) != 2.5 | {.b}           => max(1 + .a) != 2.5 | {.b}
                    sum(.a) >= 1                        => sum(.a) >= 1
                    {} | by(name) | coalesce()          => {true} | by name | coalesce
                    {} | select(.a, span.b, status)     => {true} | select [.a, span.b, status]
                    {} with (most_recent=true)          => {true}
                    """)
    void readsEveryForm(String query, String shown) {
        // When
        var pipeline = Query.parse(query).pipeline();

        // Then
        assertThat(Shown.of(pipeline)).startsWith(shown);
    }

    @ParameterizedTest
    @EnumSource(Intrinsic.class)
    void knowsEveryIntrinsicByItsNames(Intrinsic intrinsic) {
        // Then
        if (!intrinsic.bareName().isEmpty()) {
            assertThat(Field.parse(intrinsic.bareName())).isEqualTo(intrinsic);
        }
        if (!intrinsic.scopedName().isEmpty()) {
            assertThat(Field.parse(intrinsic.scopedName())).isEqualTo(intrinsic);
        }
        assertThat(intrinsic.label()).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".a",
                "span.a.b",
                "resource.service.name",
                "event.x",
                "link.y",
                "instrumentation.z"
            })
    void readsFieldsAsTheyAreWritten(String text) {
        // Then
        assertThat(Field.parse(text)).hasToString(text);
    }

    @Test
    void takesANameWithoutAScopeForAnAttributeOfAny() {
        // Then
        assertThat(Field.parse("service.name"))
                .isEqualTo(new Attribute(AttributeScope.ANY, "service.name"));
    }

    @Test
    void tellsTheFieldsOfAQueryOnce() {
        // When
        var query =
                Query.parse(
                        "{ .a = 1 && name =~ `x` } >> { !(.a != nil) || -span.b < 2 } | max(.c) > 1"
                                + " | by(status) | select(kind, .a)");

        // Then
        assertThat(query.fields())
                .map(Field::toString)
                .containsExactly(".a", "name", "span.b", ".c", "status", "kind");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '§',
            textBlock =
                    """
                    true            => line 1, column 1: found `true` (expected: `{`, `(`, or one of count, min, max, avg, sum, by, coalesce, select)
                    [ true ]        => line 1, column 1: found `[`, which begins nothing
                    { .a < 3        => line 1, column 9: found the end (expected: `}`)
                    { (.a < 3 }     => line 1, column 11: found `}` (expected: `)`)
                    { .a < }        => line 1, column 8: found `}` (expected: a field such as duration or span.http.route, or a value; an attribute begins with a dot or a scope)
                    { .a == 4 }     => line 1, column 7: found `=` (expected: a field such as duration or span.http.route, or a value; an attribute begins with a dot or a scope)
                    { a = 4 }       => line 1, column 3: found `a` (expected: a field such as duration or span.http.route, or a value; an attribute begins with a dot or a scope)
                    { . }           => line 1, column 3: found `.` (expected: an attribute's name)
                    { span. = 1 }   => line 1, column 3: found `span.` (expected: an attribute's name)
                    { .a = 1s2 }    => line 1, column 8: found `1s2` (expected: a duration such as 1.5s, 20ms or 1h30m)
                    { .a = 9223372036854775808 } => line 1, column 8: found `9223372036854775808` (expected: a whole number of 64 bits or a decimal one)
                    { .a = 1.2.3 }  => line 1, column 8: found `1.2.3` (expected: a whole number of 64 bits or a decimal one)
                    { .a = "b }     => line 1, column 8: text without its closing `"`
                    { .a = `b }     => line 1, column 8: text without its closing backtick
                    { .a = "\\d" }  => line 1, column 9: found `\\d` (expected: \\", \\\\, \\n, \\r or \\t, or the text in backticks)
                    { .a =~ b }     => line 1, column 9: found `b` (expected: a regular expression in quotes)
                    { .a =~ "(" }   => line 1, column 9: found `"("`, no regular expression: error parsing regexp: missing closing ): `(`
                    { span:foo = 1 } => line 1, column 3: found `span:foo` (expected: one of span:duration
                    { parent.a = 1 } => line 1, column 3: attributes of a parent are not supported
                    { parent = nil } => line 1, column 3: `parent` is not supported; `span:parentID` is
                    { 1 }           => line 1, column 1: a filter that is a number (expected: true or false)
                    { "a" }         => line 1, column 1: a filter that is text (expected: true or false)
                    { status }      => line 1, column 1: a filter that is a status (expected: true or false)
                    { 1 = "a" }     => line 1, column 5: `=` between a number and text, which are never comparable
                    { status = server } => line 1, column 10: `=` between a status and a kind, which are never comparable
                    { status > ok } => line 1, column 10: `>` with a status (expected: = or !=)
                    { .a < true }   => line 1, column 6: `<` with true or false (expected: = or !=)
                    { .a < nil }    => line 1, column 6: `<` with nil (expected: = or !=)
                    { 1 =~ "a" }    => line 1, column 5: `=~` with a number (expected: text)
                    { .a && 1 }     => line 1, column 6: `&&` with a number (expected: true or false)
                    { !1 }          => line 1, column 3: `!` before a number (expected: true or false)
                    { -true = .a }  => line 1, column 3: `-` before true or false (expected: a number)
                    { 1 + "a" = 2 } => line 1, column 5: `+` with text (expected: a number)
                    {} + {}         => line 1, column 4: `+` between sets of spans is not supported
                    {} = {}         => line 1, column 4: `=` between sets of spans is not supported
                    {} {}           => line 1, column 4: found `{` (expected: `|` or the end)
                    {} | count()    => line 1, column 13: found the end (expected: one of =, !=, <, <=, >, >=)
                    {} | count() > "a" => line 1, column 16: found `"a"` (expected: a number or a duration)
                    {} | count() > count() => line 1, column 16: comparing figures of sets with each other is not supported
                    {} | count() + 1 > 2 => line 1, column 14: arithmetic with figures of sets is not supported
                    {} | max(name) > 1 => line 1, column 10: `max` of text (expected: a number)
                    {} | max() > 1  => line 1, column 10: found `)` (expected: a field such as
                    {} | by(.a, .b) => line 1, column 11: grouping by more than one value is not supported
                    coalesce()      => line 1, column 1: `coalesce` needs a stage before it
                    {} | select(1)  => line 1, column 13: found `1` (expected: a field such as duration, span.http.route or .foo)
                    {} | rate()     => line 1, column 6: metrics are not supported: `rate`
                    {} | quantile_over_time(duration, .9) => line 1, column 6: metrics are not supported: `quantile_over_time`
                    {} with (sample=0.1) => line 1, column 10: the hint `sample` is not supported
                    {} with (most_recent=1) => line 1, column 22: found `1` (expected: true or false)
                    count() > 3 && {} => line 1, column 13: found `&&` (expected: `|` or the end)
                    """)
    void tellsWhereAndWhatIsWrong(String query, String message) {
        // Then
        assertThatThrownBy(() -> Query.parse(query))
                .isInstanceOf(TraceQlException.class)
                .message()
                .startsWith(message);
    }

    @Test
    void countsLines() {
        // Then
        assertThatThrownBy(() -> Query.parse("{ .a = 1 }\n  && {\n .b = ]}"))
                .hasMessage("line 3, column 7: found `]`, which begins nothing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "!", "-", "1^"})
    void refusesWhatIsNestedTooDeep(String opening) {
        // Given
        String query = "{ " + opening.repeat(150) + "true }";

        // Then
        assertThatThrownBy(() -> Query.parse(query))
                .isInstanceOf(TraceQlException.class)
                .message()
                .contains("nested more than 100 deep");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "((((a{30}){30}){30}){30}){30}",
                "(?:a{1000}){11}",
                "([^]{]{100}\\\\{){101}",
                "\\\\Qa{b\\\\E{10001}",
                "(((a{0,200})){3,}){40}"
            })
    void refusesPatternsThatAreLargeWrittenOut(String pattern) {
        // Then
        assertThatThrownBy(() -> Query.parse("{ .a =~ \"" + pattern + "\" }"))
                .isInstanceOf(TraceQlException.class)
                .message()
                .startsWith(
                        "line 1, column 9: regular expressions of more than 10000 steps with their"
                                + " repetitions written out");
    }

    @Test
    void refusesPatternsThatAreLargeTogetherOrNestedTooDeep() {
        var many = " || .a =~ `a{900}`".repeat(12);
        var deep = "(".repeat(20_000) + ")".repeat(20_000);

        assertThatThrownBy(() -> Query.parse("{ .b" + many + " }"))
                .message()
                .contains("more than 10000 steps");
        assertThatThrownBy(() -> Query.parse("{ .a =~ `" + deep + "` }"))
                .message()
                .contains("more than 10000 steps");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a{2,3}?[]{1000}]{100}x{",
                "\\\\p{Greek}\\\\x{10FFFF}{900}",
                "GET /orders/[0-9]{1,20}(/items)?",
                "(?i)^(a|b|{c}){50}$",
                "[[:alpha:]]{900}"
            })
    void takesPatternsThatAreNot(String pattern) {
        assertThat(Query.parse("{ .a =~ \"" + pattern + "\" }").fields()).hasSize(1);
    }

    @Test
    void refusesWhatIsTooLong() {
        // Then
        assertThatThrownBy(() -> Query.parse("{ .a" + " || .a".repeat(2_000) + " }"))
                .message()
                .contains("a query of more than 2000 words and signs");
    }
}
