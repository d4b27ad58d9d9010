package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.verification.LinkQuality.Lane;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class BadLinkTest {

    private static final int MILLISECOND = 1_000_000;

    /// Sends back what it is sent.
    private static final class Echo implements AutoCloseable {
        private final ServerSocket listener =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

        Echo() throws IOException {
            Thread.ofVirtual().start(this::serve);
        }

        int port() {
            return listener.getLocalPort();
        }

        private void serve() {
            while (!listener.isClosed()) {
                try {
                    var socket = listener.accept();
                    Thread.ofVirtual().start(() -> echo(socket));
                } catch (IOException _) {
                    // Closed.
                }
            }
        }

        private static void echo(Socket socket) {
            try (socket) {
                var _ = socket.getInputStream().transferTo(socket.getOutputStream());
            } catch (IOException _) {
                // The link was cut.
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static Socket to(BadLink link) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), link.port());
    }

    private static byte[] echoed(Socket socket, byte[] bytes) throws IOException {
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        socket.getOutputStream().write(bytes);
                    } catch (IOException _) {
                        // The reader will notice.
                    }
                });
        return socket.getInputStream().readNBytes(bytes.length);
    }

    private static byte[] someBytes(int count) {
        var bytes = new byte[count];
        new SplittableRandom(1).nextBytes(bytes);
        return bytes;
    }

    @Test
    void aLaneTakesOneByteAfterTheOther() {
        // Given
        var lane = new Lane(0);

        // Then: at 1,000 bytes a second each takes a millisecond
        assertThat(lane.take(10, 1_000, 0)).isEqualTo(10 * MILLISECOND);
        assertThat(lane.take(10, 1_000, 0)).isEqualTo(20 * MILLISECOND);
        assertThat(lane.take(10, 1_000, 15 * MILLISECOND)).isEqualTo(15 * MILLISECOND);
        // Time in which nothing was sent is over.
        assertThat(lane.take(10, 1_000, 100 * MILLISECOND)).isEqualTo(10 * MILLISECOND);
        assertThat(lane.take(1_000, 0, 110 * MILLISECOND)).isZero();
    }

    @Test
    void theSameSeedLosesTheSame() {
        var quality = LinkQuality.of(0).losing(5, Duration.ofSeconds(1), 50);
        for (long seed = 1; seed <= 20; seed++) {
            var first = new SplittableRandom(seed);
            var second = new SplittableRandom(seed);
            var faults = new ArrayList<Duration>();
            for (int i = 0; i < 1_000; i++) {
                var fault = quality.next(first);
                assertThat(fault).as("seed %d", seed).isEqualTo(quality.next(second));
                faults.add(fault);
            }
            assertThat(faults.stream().filter(fault -> fault == null).count())
                    .as("connections broken, seed %d", seed)
                    .isBetween(5L, 45L);
            assertThat(faults.stream().filter(fault -> fault != null && fault.isPositive()).count())
                    .as("pieces held up, seed %d", seed)
                    .isBetween(120L, 280L);
        }
    }

    @Test
    void whatPassesIsUnchangedAndCounted() throws Exception {
        try (var echo = new Echo();
                var link = new BadLink(echo.port());
                var socket = to(link)) {
            // Given
            var bytes = someBytes(1 << 20);

            // When
            var back = echoed(socket, bytes);

            // Then
            assertThat(back).isEqualTo(bytes);
            assertThat(link.bytes()).isEqualTo(2L * bytes.length);
        }
    }

    @Test
    void aSlowLinkTakesItsTime() throws Exception {
        try (var echo = new Echo();
                var link = new BadLink(echo.port());
                var socket = to(link)) {
            // Given
            link.become(LinkQuality.of(1_000_000));
            long begin = System.nanoTime();

            // When
            var back = echoed(socket, someBytes(500_000));

            // Then
            assertThat(back).hasSize(500_000);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(500));
        }
    }

    @Test
    void aCutBreaksConnectionsUntilItIsMended() throws Exception {
        try (var echo = new Echo();
                var link = new BadLink(echo.port());
                var socket = to(link)) {
            assertThat(echoed(socket, new byte[] {1})).containsExactly(1);

            // When
            link.cut();

            // Then
            assertThat(breaks(socket)).isTrue();
            try (var second = to(link)) {
                assertThat(breaks(second)).isTrue();
            }
            link.mend();
            await().untilAsserted(() -> {
                try (var third = to(link)) {
                    assertThat(echoed(third, new byte[] {3})).containsExactly(3);
                }
            });
        }
    }

    private static boolean breaks(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException _) {
            return true;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void inSilenceNothingPassesAndNothingIsLost() throws Exception {
        try (var echo = new Echo();
                var link = new BadLink(echo.port());
                var socket = to(link)) {
            // Given
            link.silence();
            socket.getOutputStream().write(7);
            socket.setSoTimeout(200);
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketTimeoutException.class);

            // When
            link.mend();

            // Then
            socket.setSoTimeout(10_000);
            assertThat(socket.getInputStream().read()).isEqualTo(7);
        }
    }
}
