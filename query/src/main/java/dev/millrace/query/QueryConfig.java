package dev.millrace.query;

import dev.millrace.storage.api.TraceSearch;
import java.time.Duration;

/// Where the query role listens and how much one request may ask of it.
///
/// @param host the address to bind
/// @param port 0 for any free one
/// @param requestTimeout how long the store may take to answer, and how long a client may take to
///   read each piece of a long answer
/// @param maxTraces the most traces one search may ask for
/// @param maxConcurrentRequests how many requests may be at work at once; more are turned away with
///   `503`
/// @param maxSpans the most spans that the traces of one search may hold together; more is refused
/// @param rates how many questions tenants may ask
/// @param questions which kinds of questions are answered
/// @param zipkin how Zipkin's API behaves
/// @param jaeger how Jaeger's APIs behave
public record QueryConfig(
        String host,
        int port,
        Duration requestTimeout,
        int maxTraces,
        int maxConcurrentRequests,
        int maxSpans,
        RequestRateConfig rates,
        Questions questions,
        ZipkinConfig zipkin,
        JaegerConfig jaeger) {

    static final int DEFAULT_MAX_SPANS = 200_000;

    private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);

    /// With answers to all kinds of questions.
    public QueryConfig(
            String host,
            int port,
            Duration requestTimeout,
            int maxTraces,
            int maxConcurrentRequests,
            int maxSpans,
            RequestRateConfig rates,
            ZipkinConfig zipkin,
            JaegerConfig jaeger) {
        this(
                host,
                port,
                requestTimeout,
                maxTraces,
                maxConcurrentRequests,
                maxSpans,
                rates,
                Questions.ALL,
                zipkin,
                jaeger);
    }

    /// With the usual bound on spans, and questions at any rate.
    public QueryConfig(
            String host,
            int port,
            Duration requestTimeout,
            int maxTraces,
            int maxConcurrentRequests,
            ZipkinConfig zipkin,
            JaegerConfig jaeger) {
        this(
                host,
                port,
                requestTimeout,
                maxTraces,
                maxConcurrentRequests,
                DEFAULT_MAX_SPANS,
                RequestRateConfig.UNLIMITED,
                zipkin,
                jaeger);
    }

    /// The same, with Zipkin's and Jaeger's APIs as they are unless told otherwise, and no gRPC.
    public QueryConfig(
            String host,
            int port,
            Duration requestTimeout,
            int maxTraces,
            int maxConcurrentRequests) {
        this(
                host,
                port,
                requestTimeout,
                maxTraces,
                maxConcurrentRequests,
                ZipkinConfig.DEFAULT,
                JaegerConfig.DEFAULT);
    }

    /// The same with answers to these kinds of questions.
    public QueryConfig with(Questions others) {
        return new QueryConfig(
                host,
                port,
                requestTimeout,
                maxTraces,
                maxConcurrentRequests,
                maxSpans,
                rates,
                others,
                zipkin,
                jaeger);
    }

    public QueryConfig {
        if (host.isBlank()) {
            throw new IllegalArgumentException(
                    "host: \"" + host + "\" (expected: a host name or address)");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
        }
        if (!requestTimeout.isPositive() || requestTimeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "request timeout: " + requestTimeout + " (expected: above zero, at most 1 h)");
        }
        if (maxTraces < 1 || maxTraces > TraceSearch.MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "max traces: " + maxTraces + " (expected: 1 to " + TraceSearch.MAX_LIMIT + ")");
        }
        if (maxConcurrentRequests < 1) {
            throw new IllegalArgumentException(
                    "max concurrent requests: "
                            + maxConcurrentRequests
                            + " (expected: at least 1)");
        }
        if (maxSpans < 1) {
            throw new IllegalArgumentException(
                    "max spans: " + maxSpans + " (expected: at least 1)");
        }
    }
}
