package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProtoReaderTest {

    @Test
    void readsEveryWireType() {
        // Given
        var reader = reader("08ac02 110100000000000080 1a0161 2501000080 850105000000");

        // When Then
        assertThat(reader.next()).isEqualTo(ProtoReader.tag(1, ProtoReader.VARINT));
        assertThat(reader.varint()).isEqualTo(300);
        assertThat(reader.next()).isEqualTo(ProtoReader.tag(2, ProtoReader.FIXED64));
        assertThat(reader.fixed64()).isEqualTo(Long.MIN_VALUE + 1);
        assertThat(reader.next()).isEqualTo(ProtoReader.tag(3, ProtoReader.LENGTH_DELIMITED));
        assertThat(reader.slice().toText()).isEqualTo("a");
        assertThat(reader.next()).isEqualTo(ProtoReader.tag(4, ProtoReader.FIXED32));
        assertThat(reader.fixed32()).isEqualTo(Integer.MIN_VALUE + 1);
        assertThat(reader.next()).isEqualTo(ProtoReader.tag(16, ProtoReader.FIXED32));
        assertThat(reader.field()).isEqualTo(16);
        assertThat(reader.wireType()).isEqualTo(ProtoReader.FIXED32);
        reader.skip();
        assertThat(reader.next()).isZero();
    }

    @Test
    void readsANegativeNumberInTenBytes() {
        // Given
        var reader = reader("08ffffffffffffffffff01");

        // When
        reader.next();

        // Then
        assertThat(reader.varint()).isEqualTo(-1);
    }

    @Test
    void staysWithinItsMessage() {
        // Given
        var reader = new ProtoReader(HexFormat.of().parseHex("08010a0161"), 2, 2);

        // When
        reader.next();

        // Then
        assertThatThrownBy(reader::slice).isInstanceOf(MalformedSpansException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "a number that ends too soon, 0880",
        "a number of eleven bytes, 08ffffffffffffffffffff01",
        "a tag that ends too soon, 80",
        "field number zero, 0001",
        "a field number over 29 bits, 888080808001",
        "a fixed64 cut short, 0901020304050607",
        "a fixed32 cut short, 0d010203",
        "a length past the end, 0a0261",
        "a length over 31 bits, 0a8080808010",
        "a negative length, 0affffffffffffffffff01",
        "the start of a group, 0b",
        "the end of a group, 0c",
        "wire type six, 0e",
        "wire type seven, 0f"
    })
    void refuses(String what, String hex) {
        // Given
        var reader = reader(hex);

        // When Then
        assertThatThrownBy(
                        () -> {
                            while (reader.next() != 0) {
                                reader.skip();
                            }
                        })
                .as(what)
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageStartingWith("not OTLP: ");
    }

    private static ProtoReader reader(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        return new ProtoReader(bytes, 0, bytes.length);
    }
}
