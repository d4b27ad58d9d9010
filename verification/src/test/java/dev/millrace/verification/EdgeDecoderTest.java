package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Bytes from outside are taken in or refused in words, whatever they are. `./dev fuzz` looks much
/// longer, and with a compass.
final class EdgeDecoderTest {

    private static final int MUTANTS = 3_000;

    @ParameterizedTest
    @EnumSource
    void takesItsExample(EdgeDecoder decoder) throws IOException {
        assertThat(decoder.take(decoder.example())).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void refusesBrokenBytesInWordsAndWithinItsBounds(EdgeDecoder decoder) throws IOException {
        byte[] example = decoder.example();
        FuzzTarget.fuzzerInitialize(new String[] {decoder.word()});
        for (long seed = 0; seed < MUTANTS; seed++) {
            byte[] mutant = mutant(example, new Random(seed));
            assertThatCode(() -> FuzzTarget.fuzzerTestOneInput(mutant))
                    .as("%s, seed %s", decoder.word(), seed)
                    .doesNotThrowAnyException();
        }
    }

    // Flips, cuts, doubles and moves pieces: what a broken client or a hostile one would send.
    private static byte[] mutant(byte[] example, Random random) {
        byte[] bytes = example.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            int at = random.nextInt(bytes.length);
            int count = 1 + random.nextInt(Math.min(16, bytes.length - at));
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> Arrays.fill(bytes, at, at + count, (byte) 0xFF);
                default -> bytes = withPiece(bytes, random.nextInt(bytes.length), at, count);
            }
        }
        return bytes;
    }

    private static byte[] withPiece(byte[] bytes, int to, int from, int count) {
        byte[] longer = new byte[bytes.length + count];
        System.arraycopy(bytes, 0, longer, 0, to);
        System.arraycopy(bytes, from, longer, to, count);
        System.arraycopy(bytes, to, longer, to + count, bytes.length - to);
        return longer;
    }
}
