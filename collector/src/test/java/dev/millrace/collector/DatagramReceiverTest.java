package dev.millrace.collector;

import static dev.millrace.collector.TestCollector.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.SinkException;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import org.apache.thrift.protocol.TProtocolFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DatagramReceiverTest {

    private static final int LARGEST = 65_507;

    private static TestCollector collector;

    @BeforeAll
    static void start() {
        collector = new TestCollector(TestCollector.CONFIG);
    }

    @AfterAll
    static void close() {
        collector.close();
    }

    @AfterEach
    void forget() {
        eventually(() -> assertThat(collector.inFlight()).isZero());
        collector.forget();
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"JAEGER_UDP_COMPACT", "JAEGER_UDP_BINARY"})
    void takesABatch(Receiver receiver) throws Exception {
        // Given
        double ok = datagrams(receiver, "ok");

        // When
        send(receiver, batch(receiver, "a"));

        // Then
        eventually(() -> assertThat(collector.sink.spanNames()).containsExactly("a"));
        assertThat(collector.sink.spans().getFirst().resource().serviceName()).isEqualTo("shop");
        assertThat(collector.sink.spans().getFirst().startNanos())
                .isEqualTo(Requests.nanos(Requests.NOW));
        eventually(() -> assertThat(datagrams(receiver, "ok")).isEqualTo(ok + 1));
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"JAEGER_UDP_COMPACT", "JAEGER_UDP_BINARY"})
    void countsWhatItCannotRead(Receiver receiver) throws Exception {
        // Given
        double malformed = datagrams(receiver, "malformed");

        // When
        send(receiver, new byte[] {1, 2, 3});
        send(receiver, batch(receiver, "a"));

        // Then
        eventually(() -> assertThat(collector.sink.spanNames()).containsExactly("a"));
        eventually(() -> assertThat(datagrams(receiver, "malformed")).isEqualTo(malformed + 1));
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"JAEGER_UDP_COMPACT", "JAEGER_UDP_BINARY"})
    void countsWhatTheSinkHasNoRoomFor(Receiver receiver) throws Exception {
        // Given
        double before = datagrams(receiver, "over-capacity");
        collector.sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofSeconds(1));

        // When
        send(receiver, batch(receiver, "lost"));
        send(receiver, batch(receiver, "a"));

        // Then
        eventually(() -> assertThat(collector.sink.spanNames()).containsExactly("a"));
        eventually(() -> assertThat(datagrams(receiver, "over-capacity")).isEqualTo(before + 1));
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"JAEGER_UDP_COMPACT", "JAEGER_UDP_BINARY"})
    void takesTheLargestDatagramThereIs(Receiver receiver) throws Exception {
        // Given
        String name = "x".repeat(LARGEST - batch(receiver, "x".repeat(60_000)).length + 60_000);

        // When
        send(receiver, batch(receiver, name));

        // Then
        eventually(() -> assertThat(collector.sink.spanNames()).containsExactly(name));
    }

    @ParameterizedTest
    @EnumSource(
            value = Receiver.class,
            names = {"JAEGER_UDP_COMPACT", "JAEGER_UDP_BINARY"})
    void showsWhatTheKernelDropped(Receiver receiver) {
        assertThat(
                        collector
                                .meters
                                .get("millrace.collector.datagrams.kernel.drops")
                                .tag("transport", receiver.word())
                                .gauge()
                                .value())
                .isZero();
    }

    private static byte[] batch(Receiver receiver, String name) {
        TProtocolFactory protocol =
                receiver == Receiver.JAEGER_UDP_COMPACT
                        ? JaegerRequests.COMPACT
                        : JaegerRequests.BINARY;
        return JaegerRequests.emitBatch(protocol, name);
    }

    private static void send(Receiver receiver, byte[] datagram) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.send(
                    new DatagramPacket(
                            datagram,
                            datagram.length,
                            InetAddress.getLoopbackAddress(),
                            collector.collector.port(receiver)));
        }
    }

    private static double datagrams(Receiver receiver, String outcome) {
        return collector.count(
                "millrace.collector.datagrams", "transport", receiver.word(), "outcome", outcome);
    }
}
