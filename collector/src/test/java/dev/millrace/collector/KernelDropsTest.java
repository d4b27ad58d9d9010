package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KernelDropsTest {

    private static final String[] TABLE = {
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
                + " inode ref pointer drops",
        " 4660: 0100007F:1AAF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0"
                + " 1234 2 0000000000000000 17",
        " 4661: 00000000:1AAF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0"
                + " 1235 2 0000000000000000 3",
        " 4662: 00000000:1AB0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0"
                + " 1236 2 0000000000000000 5"
    };

    @Test
    void findsTheSocketsOfAPort() {
        assertThat(KernelDrops.counts(Stream.of(TABLE), 6831)).containsExactly(17L, 3L);
        assertThat(KernelDrops.counts(Stream.of(TABLE), 6832)).containsExactly(5L);
    }

    @Test
    void knowsNothingOfAPortNobodyHas() {
        assertThat(KernelDrops.counts(Stream.of(TABLE), 1)).isEmpty();
        assertThat(KernelDrops.ofUdpPort(0)).isNaN();
    }
}
