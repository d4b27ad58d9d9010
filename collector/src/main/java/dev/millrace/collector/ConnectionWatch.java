package dev.millrace.collector;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Closes connections that let the headers of their next request dribble in: the server's own
/// timeouts do not see them, for they count from the end of the headers. Those that say nothing at
/// all it closes itself.
///
/// A connection of HTTP/2 is left to the server's idle timeout, which neither pings nor half a
/// header put off.
///
/// Stands first in one connection's pipeline, and lives in its event loop.
final class ConnectionWatch extends ChannelInboundHandlerAdapter {

    private static final AttributeKey<ConnectionWatch> WATCH =
            AttributeKey.valueOf(ConnectionWatch.class, "watch");

    private final long headerNanos;
    private final CollectorMetrics metrics;
    private int requests;
    private boolean inHeaders;
    private long headersSince;
    private boolean looking;

    /// @param headers how long a request's headers may take from the first byte to the last
    ConnectionWatch(Duration headers, CollectorMetrics metrics) {
        headerNanos = headers.toNanos();
        this.metrics = metrics;
    }

    /// Tells the watch of the connection that a request has begun; stands before all services.
    static HttpResponse tell(HttpService service, ServiceRequestContext ctx, HttpRequest request)
            throws Exception {
        Channel channel = ctx.log().partial().channel();
        var watch = channel == null ? null : channel.attr(WATCH).get();
        if (channel != null && watch != null) {
            watch.inHeaders = false;
            watch.requests++;
            var _ =
                    ctx.log()
                            .whenComplete()
                            .thenAcceptAsync(_ -> watch.requests--, channel.eventLoop());
        }
        return service.serve(ctx, request);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.channel().attr(WATCH).set(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
        // A handshake has a timeout of its own.
        if (!inHeaders && requests == 0 && !isShakingHands(ctx)) {
            inHeaders = true;
            headersSince = System.nanoTime();
            lookAfter(ctx, headerNanos);
        }
        ctx.fireChannelRead(bytes);
    }

    private void lookAfter(ChannelHandlerContext ctx, long nanos) {
        // One look at a time, however many requests there are.
        if (!looking) {
            looking = true;
            var _ = ctx.executor().schedule(() -> look(ctx), nanos, TimeUnit.NANOSECONDS);
        }
    }

    private void look(ChannelHandlerContext ctx) {
        looking = false;
        if (!inHeaders || !ctx.channel().isActive() || isHttp2(ctx)) {
            return;
        }
        long left = headerNanos - (System.nanoTime() - headersSince);
        if (left > 0) {
            lookAfter(ctx, left);
        } else {
            metrics.cut();
            var _ = ctx.channel().close();
        }
    }

    private static boolean isShakingHands(ChannelHandlerContext ctx) {
        var tls = ctx.pipeline().get(SslHandler.class);
        return tls != null && !tls.handshakeFuture().isDone();
    }

    private static boolean isHttp2(ChannelHandlerContext ctx) {
        return ctx.pipeline().get(Http2ConnectionHandler.class) != null;
    }
}
