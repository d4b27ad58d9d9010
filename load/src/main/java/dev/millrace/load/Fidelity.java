package dev.millrace.load;

import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How much of a span survives its journey, and so how much of it is compared.
enum Fidelity {
    /// Every byte of the span with its resource and scope: OTLP's.
    EXACT(0),
    /// What Zipkin's and Jaeger's formats both carry.
    ///
    /// That is: all ids, kind but for *internal* and *unspecified*, which are one, service, name,
    /// start and end in whole microseconds, whether the span failed, when its events were, and the
    /// attributes of span and resource together as text. Not compared are trace state, links,
    /// flags, scope, names and attributes of events, lists and maps, and attributes of the kinds
    /// that turn into fields of these formats: `otel.*`, `error`, addresses and peers.
    COMMON(1);

    private static final long NANOS_PER_MICRO = 1_000;

    private static final List<String> FIELDS =
            List.of(
                    "otel.",
                    "error",
                    "peer.",
                    "server.",
                    "client.",
                    "net.",
                    "network.",
                    "span.kind",
                    "telemetry.");

    private final int number;

    Fidelity(int number) {
        this.number = number;
    }

    /// What it goes by in a file.
    int number() {
        return number;
    }

    /// What makes two spans copies of one another.
    SpanIdentity identity(Span span) {
        var identity = SpanIdentity.of(span);
        boolean folds = this == COMMON && span.kind() == SpanKind.UNSPECIFIED;
        return folds
                ? new SpanIdentity(
                        identity.traceId(),
                        identity.spanId(),
                        SpanKind.INTERNAL,
                        identity.service())
                : identity;
    }

    /// The body, as far as it is compared.
    SpanCopy copy(Span span) {
        return switch (this) {
            case EXACT -> SpanCopy.of(span.endNanos(), OtlpEncoder.encode(List.of(span)));
            case COMMON -> {
                long micros = endMicros(span);
                yield SpanCopy.of(micros * NANOS_PER_MICRO, common(span, micros));
            }
        };
    }

    // Start and duration are cut to microseconds, and no duration is zero.
    private static long endMicros(Span span) {
        return span.startNanos() / NANOS_PER_MICRO
                + Math.max(1, (span.endNanos() - span.startNanos()) / NANOS_PER_MICRO);
    }

    private static Slice common(Span span, long endMicros) {
        var bytes = new ByteArrayOutputStream(1_024);
        try (var out = new DataOutputStream(bytes)) {
            var parent = span.parentSpanId();
            out.writeLong(parent == null ? 0 : parent.value());
            out.writeUTF(span.name());
            out.writeLong(span.startNanos() / NANOS_PER_MICRO);
            out.writeLong(endMicros);
            out.writeBoolean(span.status().code() == Status.Code.ERROR);
            var times = new ArrayList<Long>();
            span.events().forEach(event -> times.add(event.timeNanos() / NANOS_PER_MICRO));
            times.sort(null);
            for (long time : times) {
                out.writeLong(time);
            }
            var all = new TreeMap<String, String>();
            span.resource().attributes().entries().forEach(it -> put(all, it));
            span.attributes().entries().forEach(it -> put(all, it));
            for (var attribute : all.entrySet()) {
                out.writeUTF(attribute.getKey());
                out.write(attribute.getValue().getBytes(StandardCharsets.UTF_8));
                out.write(0);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Slice.of(bytes.toByteArray());
    }

    private static void put(Map<String, String> all, Attribute attribute) {
        String text = attribute.value().toString();
        boolean composed = text.startsWith("[") || text.startsWith("{");
        if (!composed && FIELDS.stream().noneMatch(attribute.key()::startsWith)) {
            all.put(attribute.key(), text);
        }
    }
}
