package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.TraceId;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.InstantSource;

/// Requests of a hundred spans in Zipkin's protobuf, as zipkin-storage-kafka was measured with.
///
/// A trace has ten spans of 198 bytes, of twenty services, with four tags each; one in a hundred
/// has a span that failed. Ids follow from the seed, times from the clock. Not safe for threads.
final class ZipkinTraffic {

    /// How the ten spans of a trace come.
    enum Shape {
        /// In one request, with nine other whole traces.
        WHOLE,
        /// In ten requests, each with one span of a hundred traces.
        APART
    }

    static final int TRACE_SPANS = 10;
    static final int REQUEST_SPANS = 100;

    private static final int SPAN_BYTES = 198;
    private static final int SERVICES = 20;

    /// Field numbers and lengths around a tag, its key and its value.
    private static final int TAG_OVERHEAD = 6;

    private static final int FAILING_ONE_IN = 100;

    // Fields of Zipkin's Span, ListOfSpans, Endpoint and the entries of its map of tags.
    private static final int SPANS = 1;
    private static final int TRACE_ID = 1;
    private static final int PARENT_ID = 2;
    private static final int ID = 3;
    private static final int KIND = 4;
    private static final int NAME = 5;
    private static final int TIMESTAMP = 6;
    private static final int DURATION = 7;
    private static final int LOCAL_ENDPOINT = 8;
    private static final int TAGS = 11;
    private static final int SERVICE_NAME = 1;
    private static final int IPV4 = 2;

    private final long seed;
    private final Shape shape;
    private final InstantSource clock;
    private long request;

    ZipkinTraffic(long seed, Shape shape, InstantSource clock) {
        this.seed = seed;
        this.shape = shape;
        this.clock = clock;
    }

    /// The body of the next request.
    byte[] next() {
        long number = request++;
        long nowMicros = clock.millis() * 1_000;
        var body = new ByteArrayOutputStream(REQUEST_SPANS * (SPAN_BYTES + 3));
        for (int i = 0; i < REQUEST_SPANS; i++) {
            byte[] span =
                    switch (shape) {
                        case WHOLE ->
                                span(
                                        number * (REQUEST_SPANS / TRACE_SPANS) + i / TRACE_SPANS,
                                        i % TRACE_SPANS,
                                        nowMicros);
                        case APART ->
                                span(
                                        number / TRACE_SPANS * REQUEST_SPANS + i,
                                        (int) (number % TRACE_SPANS),
                                        nowMicros);
                    };
            bytes(body, SPANS, span);
        }
        return body.toByteArray();
    }

    private byte[] span(long trace, int role, long nowMicros) {
        var id = traceId(trace);
        long chance = mix(trace * 16 + role);
        int service = Math.floorMod(mix(trace) + role / 2, SERVICES);
        boolean failed = trace % FAILING_ONE_IN == 0 && role == TRACE_SPANS - 1;
        var span = new ByteArrayOutputStream(SPAN_BYTES);
        bytes(span, TRACE_ID, ByteBuffer.allocate(16).putLong(id.high()).putLong(id.low()).array());
        bytes(span, ID, longBytes(spanId(trace, role)));
        // The first has none, and a longer path instead.
        if (role > 0) {
            bytes(span, PARENT_ID, longBytes(spanId(trace, (role - 1) / 2)));
        }
        varint(span, KIND << 3);
        varint(span, role % 2 == 0 ? 2 : 1);
        bytes(span, NAME, ("get /items/" + (char) ('a' + (chance & 7))).getBytes(UTF_8));
        fixed(span, TIMESTAMP, nowMicros - 20_000 + role * 700L);
        varint(span, DURATION << 3);
        varint(span, 20_000 + (int) (chance >>> 40 & 0x3fff));
        var endpoint = new ByteArrayOutputStream();
        bytes(endpoint, SERVICE_NAME, "service-%02d".formatted(service).getBytes(UTF_8));
        bytes(endpoint, IPV4, new byte[] {10, 0, 0, (byte) service});
        bytes(span, LOCAL_ENDPOINT, endpoint.toByteArray());
        tag(span, "http.method", "GET");
        tag(span, failed ? "error" : "cache", failed ? "timeout" : "hit-all");
        tag(span, "user", "u-" + digits(chance));
        var path = new StringBuilder("/api/items/").append(digits(chance >>> 20));
        while (span.size() + TAG_OVERHEAD + "http.path".length() + path.length() < SPAN_BYTES) {
            path.append('x');
        }
        tag(span, "http.path", path.toString());
        return span.toByteArray();
    }

    private static String digits(long chance) {
        return Long.toString(1_000_000 + (chance >>> 1) % 1_000_000).substring(1);
    }

    private TraceId traceId(long trace) {
        return new TraceId(mix(trace * 2 + 1) ^ seed, mix(trace * 2 + 2) | 1);
    }

    private long spanId(long trace, int role) {
        return mix(trace * 32 + role + 7) | 1;
    }

    private long mix(long number) {
        long z = (seed * 0x9e3779b97f4a7c15L + number) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 30)) * 0x94d049bb133111ebL;
        z = (z ^ (z >>> 27)) * 0xbf58476d1ce4e5b9L;
        return z ^ (z >>> 31);
    }

    private static byte[] longBytes(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    private static void tag(ByteArrayOutputStream into, String key, String value) {
        var entry = new ByteArrayOutputStream();
        bytes(entry, 1, key.getBytes(UTF_8));
        bytes(entry, 2, value.getBytes(UTF_8));
        bytes(into, TAGS, entry.toByteArray());
    }

    private static void bytes(ByteArrayOutputStream into, int field, byte[] value) {
        varint(into, field << 3 | 2);
        varint(into, value.length);
        into.writeBytes(value);
    }

    private static void fixed(ByteArrayOutputStream into, int field, long value) {
        varint(into, field << 3 | 1);
        into.writeBytes(
                ByteBuffer.allocate(Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    private static void varint(ByteArrayOutputStream into, int value) {
        int rest = value;
        while (rest >= 0x80) {
            into.write((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        into.write(rest);
    }
}
