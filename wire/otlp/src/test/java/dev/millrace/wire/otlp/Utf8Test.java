package dev.millrace.wire.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class Utf8Test {

    @Test
    void findsOneBadByteWhereverItStandsAndNoneOutside() {
        for (int from = 0; from < 10; from++) {
            for (int length = 0; length < 40; length++) {
                // Given
                byte[] bytes = new byte[from + length + 10];
                Arrays.fill(bytes, (byte) 0xff);
                Arrays.fill(bytes, from, from + length, (byte) 'a');

                // When Then
                assertThat(Utf8.isValid(bytes, from, from + length))
                        .as("%s bytes from %s", length, from)
                        .isTrue();
                for (int bad = from; bad < from + length; bad++) {
                    bytes[bad] = (byte) 0xff;
                    assertThat(Utf8.isValid(bytes, from, from + length))
                            .as("%s bytes from %s, bad at %s", length, from, bad)
                            .isFalse();
                    bytes[bad] = 'a';
                }
            }
        }
    }
}
