package dev.millrace.collector;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import com.linecorp.armeria.common.AggregatedHttpRequest;
import com.linecorp.armeria.common.AggregationOptions;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpHeaders;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.common.ResponseHeaders;
import com.linecorp.armeria.common.ResponseHeadersBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// A gRPC call with one message each way, as it is written into an HTTP request and its response.
///
/// Our own, since Armeria's `GrpcService` always prepares to answer in JSON too: that loads 1,800
/// classes, a fifth of all an agent has, and generates code at every start, for messages that stay
/// bytes here.
final class UnaryCall {

    /// The length of the prefix each message has: whether it is compressed, and its length.
    static final int PREFIX = 5;

    private static final String TYPE = "application/grpc";
    private static final String STATUS = "grpc-status";
    private static final String ENCODING = "grpc-encoding";
    private static final int COMPRESSED = 1;
    private static final HttpHeaders OK = HttpHeaders.of(STATUS, Outcome.OK.grpc().value());
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private UnaryCall() {}

    /// Answers a call with what a method makes of its message, or says why not.
    ///
    /// @param maxBytes the most a message may have, decompressed
    /// @param method may throw, or complete with a failure, what [Refusal#of] explains
    static HttpResponse serve(
            ServiceRequestContext ctx,
            HttpRequest request,
            int maxBytes,
            Function<byte[], CompletableFuture<byte[]>> method) {
        var headers = request.headers();
        try {
            HttpReceiver.checkMethod(headers);
            checkType(headers);
        } catch (RefusedException e) {
            // Whoever sent this does not speak gRPC.
            Gate.note(ctx, e.refusal().outcome());
            return HttpAnswer.plain(e.refusal());
        }
        Compression compression;
        try {
            compression = Compression.of(headers, ENCODING);
        } catch (RefusedException e) {
            return refuse(ctx, e.refusal());
        }
        return HttpResponse.of(
                request.aggregate(AggregationOptions.usePooledObjects(ctx.alloc(), ctx.eventLoop()))
                        .thenApply(body -> message(body, compression, maxBytes))
                        .thenCompose(method)
                        .thenApply(answer -> answer(headers, answer))
                        .exceptionally(failure -> refuse(ctx, Refusal.of(failure))));
    }

    /// Says no to a call, in a response of headers only.
    static HttpResponse refuse(ServiceRequestContext ctx, Refusal refusal) {
        Gate.note(ctx, refusal.outcome());
        var headers =
                headers(ctx.request().headers())
                        .endOfStream(true)
                        .addInt(STATUS, refusal.outcome().grpc().value())
                        .add("grpc-message", percentEncoded(refusal.message()));
        var retryAfter = refusal.retryAfter();
        if (retryAfter != null) {
            headers.add(
                    "grpc-status-details-bin",
                    Base64.getEncoder()
                            .withoutPadding()
                            .encodeToString(details(refusal, retryAfter)));
        }
        return HttpResponse.of(headers.build());
    }

    private static HttpResponse answer(RequestHeaders asked, byte[] message) {
        byte[] frame =
                ByteBuffer.allocate(PREFIX + message.length)
                        .put((byte) 0)
                        .putInt(message.length)
                        .put(message)
                        .array();
        return HttpResponse.of(headers(asked).build(), HttpData.wrap(frame), OK);
    }

    private static ResponseHeadersBuilder headers(RequestHeaders asked) {
        String type = asked.get(HttpHeaderNames.CONTENT_TYPE, TYPE);
        return ResponseHeaders.builder(200)
                .add(HttpHeaderNames.CONTENT_TYPE, type.startsWith(TYPE) ? type : TYPE)
                .add("grpc-accept-encoding", Compression.ACCEPTED);
    }

    private static void checkType(RequestHeaders headers) {
        var type = headers.contentType();
        if (type == null
                || !type.type().equals("application")
                || !(type.subtype().equals("grpc") || type.subtype().equals("grpc+proto"))) {
            throw HttpAnswer.unsupportedType(headers, TYPE);
        }
    }

    private static byte[] message(
            AggregatedHttpRequest request, Compression compression, int maxBytes) {
        try (var content = request.content()) {
            return message(content.byteBuf(), compression, maxBytes);
        } catch (IOException e) {
            throw Compression.malformed(e);
        }
    }

    private static byte[] message(ByteBuf body, Compression compression, int maxBytes)
            throws IOException {
        if (body.readableBytes() < PREFIX) {
            throw cutShort();
        }
        int flag = body.readUnsignedByte();
        long length = body.readUnsignedInt();
        if (flag > COMPRESSED) {
            throw malformed("flag " + flag + " (expected: 0, or 1 of a compressed message)");
        }
        if (flag == COMPRESSED && compression == Compression.IDENTITY) {
            throw malformed(
                    "compressed, and "
                            + ENCODING
                            + " does not say how (expected: gzip, zstd or deflate)");
        }
        if (length > maxBytes) {
            throw Compression.tooLarge(maxBytes);
        }
        if (length > body.readableBytes()) {
            throw cutShort();
        }
        if (length < body.readableBytes()) {
            throw malformed(
                    (body.readableBytes() - length)
                            + " bytes after the first message (expected: one message)");
        }
        var in = new ByteBufInputStream(body);
        try (var plain = flag == COMPRESSED ? compression.decompress(in) : in) {
            return Compression.readAll(plain, maxBytes);
        }
    }

    private static RefusedException cutShort() {
        return malformed("cut short (expected: the length in its prefix)");
    }

    private static RefusedException malformed(String why) {
        return Refusal.lasting(Outcome.MALFORMED, "not a gRPC message: " + why).asException();
    }

    // As gRPC wants what is not plain ASCII.
    private static String percentEncoded(String message) {
        var encoded = new StringBuilder();
        for (byte b : message.getBytes(StandardCharsets.UTF_8)) {
            if (b >= ' ' && b <= '~' && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HEX.toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static byte[] details(Refusal refusal, Duration retryAfter) {
        var delay =
                com.google.protobuf.Duration.newBuilder()
                        .setSeconds(retryAfter.toSeconds())
                        .setNanos(retryAfter.toNanosPart());
        return com.google.rpc.Status.newBuilder()
                .setCode(refusal.outcome().grpc().value())
                .setMessage(refusal.message())
                .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
                .addDetails(Any.pack(refusal.outcome().info()))
                .build()
                .toByteArray();
    }
}
