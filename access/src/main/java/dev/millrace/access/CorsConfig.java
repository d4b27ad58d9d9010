package dev.millrace.access;

import java.net.URI;
import java.time.Duration;
import java.util.List;

/// Which web pages may send requests from a browser.
///
/// @param origins such as `https://shop.example`; `*` for any, and then without credentials; empty
///   for none
/// @param headers the request headers a page may set
/// @param maxAge how long a browser may remember the answer
public record CorsConfig(List<String> origins, List<String> headers, Duration maxAge) {

    /// What exporters in browsers set.
    public static final List<String> DEFAULT_HEADERS =
            List.of(
                    "authorization",
                    "content-encoding",
                    "content-type",
                    "traceparent",
                    "tracestate",
                    "x-grpc-web",
                    "x-requested-with",
                    "x-user-agent");

    /// No page of another origin.
    public static final CorsConfig NONE =
            new CorsConfig(List.of(), DEFAULT_HEADERS, Duration.ofHours(2));

    public CorsConfig {
        origins = List.copyOf(origins);
        headers = List.copyOf(headers);
        for (var origin : origins) {
            if (!valid(origin)) {
                throw new IllegalArgumentException(
                        "origins: \""
                                + origin
                                + "\" (expected: scheme://host, scheme://host:port or *)");
            }
        }
        if (origins.contains("*") && origins.size() > 1) {
            throw new IllegalArgumentException(
                    "origins: " + origins + " (expected: nothing beside *)");
        }
        if (maxAge.isNegative() || maxAge.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("max-age: " + maxAge + " (expected: 0 to 1 day)");
        }
    }

    private static boolean valid(String origin) {
        if (origin.equals("*")) {
            return true;
        }
        try {
            var uri = URI.create(origin);
            return uri.getScheme() != null
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && uri.getRawPath().isEmpty()
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }
}
