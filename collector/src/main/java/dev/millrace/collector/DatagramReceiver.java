package dev.millrace.collector;

import com.linecorp.armeria.common.CommonPools;
import com.linecorp.armeria.common.util.TransportType;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.format.SpanFormat;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Spans over UDP, one batch in each datagram.
///
/// Nobody is told what became of them: what cannot be taken in is counted by its reason and
/// dropped. What the kernel dropped before we could read it is shown where the system tells.
final class DatagramReceiver implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(DatagramReceiver.class);

    private static final int MAX_DATAGRAM = 65_535;
    // What the system may cut down; holds a burst while an event loop is busy.
    private static final int SOCKET_BUFFER = 4 << 20;
    private static final int READS_PER_WAKE = 16;
    private static final long TIMEOUT_SECONDS = 10;

    private final InetSocketAddress address;
    private final Transport transport;
    private final SpanFormat format;
    private final Tenant tenant;
    private final SpanIntake intake;
    private final MeterRegistry meters;
    private @Nullable Channel channel;

    DatagramReceiver(
            InetSocketAddress address,
            Transport transport,
            SpanFormat format,
            Tenant tenant,
            SpanIntake intake,
            MeterRegistry meters) {
        this.address = address;
        this.transport = transport;
        this.format = format;
        this.tenant = tenant;
        this.intake = intake;
        this.meters = meters;
    }

    /// Opens the port and returns its number.
    ///
    /// @throws IllegalStateException when it cannot be had
    int start() {
        // Shared by all of the process, as the server's are, and never closed.
        var group = CommonPools.workerGroup();
        var bound =
                new Bootstrap()
                        .group(group)
                        .channel(TransportType.datagramChannelType(group))
                        .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER)
                        .option(
                                ChannelOption.RECVBUF_ALLOCATOR,
                                new FixedRecvByteBufAllocator(MAX_DATAGRAM)
                                        .maxMessagesPerRead(READS_PER_WAKE))
                        .handler(new Handler())
                        .bind(address);
        if (!bound.awaitUninterruptibly(TIMEOUT_SECONDS, TimeUnit.SECONDS) || !bound.isSuccess()) {
            throw new IllegalStateException(
                    "port: " + address + " (expected: a free UDP port of this host)",
                    bound.cause());
        }
        channel = bound.channel();
        int port = ((InetSocketAddress) bound.channel().localAddress()).getPort();
        Gauge.builder(
                        "millrace.collector.datagrams.kernel.drops",
                        () -> KernelDrops.ofUdpPort(port))
                .description("Datagrams the system dropped before they could be read")
                .tag("transport", transport.word())
                .register(meters);
        return port;
    }

    @Override
    public void close() {
        var closed = channel;
        if (closed != null) {
            closed.close().awaitUninterruptibly(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private final class Handler extends SimpleChannelInboundHandler<DatagramPacket> {

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            var body = Slice.of(ByteBufUtil.getBytes(packet.content()));
            // Counts what became of it; there is nobody to tell.
            var _ = intake.take(transport, tenant, format, body);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            log.atWarn()
                    .setCause(cause)
                    .addKeyValue("transport", transport.word())
                    .log("Failed to read a datagram");
        }
    }
}
