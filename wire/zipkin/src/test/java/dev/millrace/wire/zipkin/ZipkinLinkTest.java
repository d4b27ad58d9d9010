package dev.millrace.wire.zipkin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import zipkin2.DependencyLink;
import zipkin2.codec.DependencyLinkBytesDecoder;
import zipkin2.codec.DependencyLinkBytesEncoder;

class ZipkinLinkTest {

    private static final List<ZipkinLink> LINKS =
            List.of(
                    new ZipkinLink("shop", "stock", 1, 0),
                    new ZipkinLink("a:b", "\"quoted\\\"", 12, 12),
                    new ZipkinLink("läden", "lager\n", Long.MAX_VALUE, 3));

    private static DependencyLink zipkins(ZipkinLink link) {
        return DependencyLink.newBuilder()
                .parent(link.parent())
                .child(link.child())
                .callCount(link.calls())
                .errorCount(link.errors())
                .build();
    }

    @Test
    void writesTheBytesThatZipkinWrites() {
        assertThat(LINKS)
                .allSatisfy(link ->
                        assertThat(link.json().toText())
                                .isEqualTo(
                                        new String(
                                                DependencyLinkBytesEncoder.JSON_V1.encode(
                                                        zipkins(link)),
                                                UTF_8)));
    }

    @Test
    void isReadByZipkinAndReadsWhatZipkinWrites() {
        assertThat(LINKS)
                .allSatisfy(link -> {
                    byte[] golden = DependencyLinkBytesEncoder.JSON_V1.encode(zipkins(link));
                    assertThat(ZipkinLink.parse(Slice.of(golden))).isEqualTo(link);
                    assertThat(
                                    DependencyLinkBytesDecoder.JSON_V1.decodeOne(
                                            link.json().toByteArray()))
                            .isEqualTo(zipkins(link));
                });
    }

    @Test
    void passesOverWhatItDoesNotKnow() {
        var text =
                """
                {"parent": "a", "more": {"parent": ["x"]}, "child": "b", "callCount": 2}\
                """;

        assertThat(ZipkinLink.parse(Slice.of(text.getBytes(UTF_8))))
                .isEqualTo(new ZipkinLink("a", "b", 2, 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''| no JSON object",
                "[]| no JSON object",
                "{| not JSON",
                "{\"parent\":\"a\"}| expected: two services",
                "{\"parent\":\"a\",\"child\":7}| child: 7 (expected: text)",
                "{\"parent\":\"a\",\"child\":\"b\",\"callCount\":\"1\"}| callCount: 1 (expected: a whole",
                "{\"parent\":\"a\",\"child\":\"b\",\"callCount\":-1}| -1 calls",
                "{\"parent\":\"a\",\"child\":\"b\"} 1| more behind it",
                "{\"parent\":\"a\",\"child\":\"b\",\"callCount\":99999999999999999999}| not JSON"
            })
    void refusesWhatIsNoLink(String text, String says) {
        assertThatThrownBy(() -> ZipkinLink.parse(Slice.of(text.getBytes(UTF_8))))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining(says);
    }
}
