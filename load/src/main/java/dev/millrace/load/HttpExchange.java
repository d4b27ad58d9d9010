package dev.millrace.load;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.model.Slice;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A protocol over HTTP.
final class HttpExchange implements Exchange {

    private final Protocol protocol;
    private final InstantSource clock;
    private final boolean gzip;
    private final RequestHeaders headers;

    /// @param path empty for the protocol's own
    HttpExchange(Protocol protocol, String path, boolean gzip, InstantSource clock) {
        this.protocol = protocol;
        this.clock = clock;
        this.gzip = gzip;
        var builder =
                RequestHeaders.builder(
                                HttpMethod.POST,
                                path.isEmpty() || path.equals("/") ? protocol.path() : path)
                        .set(HttpHeaderNames.CONTENT_TYPE, protocol.contentType());
        if (gzip) {
            builder.set(HttpHeaderNames.CONTENT_ENCODING, "gzip");
        }
        this.headers = builder.build();
    }

    @Override
    public byte[] wrap(Slice body) {
        return gzip ? Exchange.gzip(body) : body.toByteArray();
    }

    @Override
    public CompletableFuture<AggregatedHttpResponse> send(WebClient client, byte[] wrapped) {
        return client.execute(HttpRequest.of(headers, HttpData.wrap(wrapped))).aggregate();
    }

    @Override
    public Answer read(AggregatedHttpResponse response) {
        return switch (response.status().code()) {
            case 200, 202 -> Exchange.accepted(protocol, response.content().array());
            case 429, 502, 503, 504 -> {
                var hint = response.headers().get(HttpHeaderNames.RETRY_AFTER);
                yield new Answer.Again(
                        "HTTP " + response.status(), hint == null ? null : retryAfter(hint));
            }
            default -> new Answer.Refused("HTTP " + response.status());
        };
    }

    // Seconds or a date; what is neither is no hint.
    private @Nullable Duration retryAfter(String hint) {
        try {
            return Duration.ofSeconds(Math.max(0, Long.parseLong(hint.strip())));
        } catch (NumberFormatException e) {
            try {
                Instant until =
                        ZonedDateTime.parse(hint.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                                .toInstant();
                var wait = Duration.between(clock.instant(), until);
                return wait.isNegative() ? Duration.ZERO : wait;
            } catch (DateTimeException notADate) {
                return null;
            }
        }
    }
}
