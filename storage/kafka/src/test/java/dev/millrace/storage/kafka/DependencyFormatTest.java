package dev.millrace.storage.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import zipkin2.DependencyLink;
import zipkin2.codec.DependencyLinkBytesEncoder;

class DependencyFormatTest {

    private static final long TIME = FigureTraffic.MINUTE * 60_000 + 59_999;

    @Test
    void readsWhatTheAggregatorWritesWhateverTheTimeOfTheRecord() {
        // Given
        var delta = new FigureTraffic(1, 5).next();

        // When
        var read = DependencyFormat.MILLRACE.read(FigureTraffic.value(delta), TIME + 1_000_000_000);

        // Then
        assertThat(read.tenant()).isEqualTo(delta.tenant());
        assertThat(read.entries()).containsExactlyInAnyOrderElementsOf(delta.entries());
    }

    @Test
    void readsLinksAsZipkinWritesThemInTheMinuteOfTheRecord() {
        // Given
        var link =
                DependencyLink.newBuilder()
                        .parent("shop")
                        .child("größe \"x\"")
                        .callCount(12)
                        .errorCount(5)
                        .build();

        // When
        var read =
                DependencyFormat.ZIPKIN.read(DependencyLinkBytesEncoder.JSON_V1.encode(link), TIME);

        // Then
        assertThat(read.tenant()).isEqualTo(Tenant.DEFAULT);
        assertThat(read.entries())
                .containsExactly(
                        new Entry(
                                FigureTraffic.MINUTE,
                                new Dependency("shop", "größe \"x\"", Connection.PLAIN),
                                Figures.ofCalls(12, 5)));
    }

    @Test
    void passesOverWhatLinksDoNotHaveToday() {
        // When
        var read =
                DependencyFormat.ZIPKIN.read(
                        """
                        { "more": {"parent": "x"}, "parent": "a", "child": "b", "callCount": 1,
                          "list": [1, {}] }
                        """
                                .getBytes(UTF_8),
                        0);

        // Then
        assertThat(read.entries())
                .extracting(Entry::series)
                .containsExactly(new Dependency("a", "b", Connection.PLAIN));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    [] | no JSON object
                    `` | no JSON object
                    {"parent":"a","child":"b" | not JSON
                    {"parent":"a","callCount":1} | from "a" to ""
                    {"child":"a","callCount":1} | from "" to "a"
                    {"parent":1,"child":"b"} | parent: 1
                    {"parent":"a","child":"b","callCount":"1"} | callCount: 1
                    {"parent":"a","child":"b","callCount":1.5} | callCount: 1.5
                    {"parent":"a","child":"b","callCount":-1} | -1 calls, 0 errors
                    {"parent":"a","child":"b","errorCount":9223372036854775807} | 9223372036854775807 errors (expected: at most 4398046511104)
                    {"parent":"a","child":"b"}{} | more behind it
                    """)
    void saysWhatIsWrongWithALink(String value, String message) {
        assertThatThrownBy(() -> DependencyFormat.ZIPKIN.read(value.getBytes(UTF_8), 0))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(message.equals("not JSON") ? "link" : "expected: ");
    }
}
