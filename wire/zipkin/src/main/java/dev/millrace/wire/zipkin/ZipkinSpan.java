package dev.millrace.wire.zipkin;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A span in the form in which Zipkin's server gives it out: names in lower case, annotations by
/// time, tags by key.
///
/// A span that came in as Zipkin's is the one that was sent. Of the status only the tag `error` is
/// left, with the status message for a value, or `true` where there is none.
///
/// Texts are empty and numbers 0 where Zipkin has nothing.
///
/// @param kind null for none
/// @param timestamp microseconds since the epoch
/// @param duration microseconds
public record ZipkinSpan(
        TraceId traceId,
        @Nullable SpanId parentId,
        SpanId id,
        @Nullable SpanKind kind,
        String name,
        long timestamp,
        long duration,
        Endpoint local,
        Endpoint remote,
        List<Annotation> annotations,
        SortedMap<String, String> tags,
        boolean debug,
        boolean shared) {

    /// One side of a span, whose texts are empty and whose port is 0 when absent.
    public record Endpoint(String service, String ip, int port) {

        boolean isEmpty() {
            return service.isEmpty() && ip.isEmpty() && port == 0;
        }

        boolean isIpv6() {
            return ip.indexOf(':') >= 0;
        }

        private Endpoint named(String name) {
            return new Endpoint(lower(name), ip, port);
        }
    }

    /// Something that happened within a span.
    ///
    /// @param timestamp microseconds since the epoch
    public record Annotation(long timestamp, String value) implements Comparable<Annotation> {

        private static final Comparator<Annotation> ORDER =
                Comparator.comparingLong(Annotation::timestamp).thenComparing(Annotation::value);

        @Override
        public int compareTo(Annotation other) {
            return ORDER.compare(this, other);
        }
    }

    public ZipkinSpan {
        annotations = List.copyOf(annotations);
        tags = Collections.unmodifiableSortedMap(new TreeMap<>(tags));
    }

    public static ZipkinSpan of(Span span) {
        var mapped = ZipkinTags.of(span);
        var tags = new TreeMap<>(mapped.tags());
        if (span.isError()) {
            tags.remove("otel.status_code");
            tags.put("error", error(span));
        }
        var annotations =
                span.events().stream()
                        .map(event ->
                                new Annotation(
                                        ZipkinTags.micros(event.timeNanos()),
                                        ZipkinTags.annotation(event)))
                        .distinct()
                        .sorted()
                        .toList();
        return new ZipkinSpan(
                span.traceId(),
                span.spanId().equals(span.parentSpanId()) ? null : span.parentSpanId(),
                span.spanId(),
                switch (span.kind()) {
                    case CLIENT, SERVER, PRODUCER, CONSUMER -> span.kind();
                    case INTERNAL, UNSPECIFIED -> null;
                },
                lower(span.name()),
                mapped.timestamp(),
                mapped.duration(),
                mapped.local().named(service(span)),
                mapped.remote().named(mapped.remote().service()),
                annotations,
                tags,
                mapped.debug(),
                mapped.shared());
    }

    /// A name as Zipkin knows it.
    public static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    /// A trace id as Zipkin writes it: 16 digits when those before are zero.
    public static String text(TraceId id) {
        var digits = id.toString();
        return id.high() == 0 ? digits.substring(16) : digits;
    }

    // What has no service is not given one here, so that a span sent without an endpoint has none.
    private static String service(Span span) {
        return span.resource().attributes().find("service.name").orElse(new AttributeValue.Empty())
                        instanceof AttributeValue.Text(String name)
                ? name
                : "";
    }

    private static String error(Span span) {
        var message = span.status().message();
        return message.isEmpty()
                ? span.attributes().find("error").map(AttributeValue::toString).orElse("true")
                : message;
    }
}
