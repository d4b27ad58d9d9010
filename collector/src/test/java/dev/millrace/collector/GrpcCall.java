package dev.millrace.collector;

import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;

/// What a gRPC call came back with, read from the wire.
record GrpcCall(AggregatedHttpResponse http) {

    /// @param headers names and values that the call has besides its own
    static GrpcCall send(WebClient client, String method, byte[] message, String... headers) {
        byte[] frame =
                ByteBuffer.allocate(UnaryCall.PREFIX + message.length)
                        .put((byte) 0)
                        .putInt(message.length)
                        .put(message)
                        .array();
        return sendFrame(client, method, frame, headers);
    }

    static GrpcCall sendFrame(WebClient client, String method, byte[] frame, String... headers) {
        var all =
                RequestHeaders.builder(HttpMethod.POST, method)
                        .add("content-type", "application/grpc")
                        .add("te", "trailers");
        for (int i = 0; i < headers.length; i += 2) {
            all.add(headers[i], headers[i + 1]);
        }
        return new GrpcCall(client.execute(all.build(), HttpData.wrap(frame)).aggregate().join());
    }

    String status() {
        return field("grpc-status");
    }

    String message() {
        return field("grpc-message");
    }

    /// The message without its frame.
    byte[] body() {
        byte[] framed = http.content().array();
        return Arrays.copyOfRange(framed, UnaryCall.PREFIX, framed.length);
    }

    Duration retryDelay() throws Exception {
        var status =
                Status.parseFrom(Base64.getMimeDecoder().decode(field("grpc-status-details-bin")));
        var delay = status.getDetails(0).unpack(RetryInfo.class).getRetryDelay();
        return Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
    }

    private String field(String name) {
        return http.trailers().get(name, http.headers().get(name, "none"));
    }
}
