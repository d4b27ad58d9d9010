package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/// Spans out of order, late, doubled and failing late, in records of one trace or of several, and
/// sometimes a record that is none.
final class SimulatedTraffic {

    /// Takes the records of one source of spans.
    @FunctionalInterface
    interface Source {
        void append(
                int partition,
                long appendedAt,
                byte[] key,
                byte @Nullable [] value,
                Headers headers);
    }

    private final Random random;
    private final SimulatedLog log;
    private final List<Source> sources;
    private long newest = 1;

    /// Where the spans at hand come in.
    private int source;

    SimulatedTraffic(Random random, SimulatedLog log) {
        this(random, log, List.of(log::append));
    }

    /// @param sources between which the spans of every trace are spread
    SimulatedTraffic(Random random, SimulatedLog log, List<Source> sources) {
        this.random = random;
        this.log = log;
        this.sources = sources;
    }

    void append() {
        log.time += random.nextInt(100) == 0 ? random.nextInt(1_200) : random.nextInt(8);
        // Time steps back a little when another broker leads.
        long appendedAt = random.nextInt(20) == 0 ? log.time - random.nextInt(50) : log.time;
        newest += random.nextInt(3) == 0 ? 1 : 0;
        source = random.nextInt(sources.size());
        var to = sources.get(source);
        long trace = someTrace();
        int partition = partition(trace);
        var headers = SimulatedLog.noHeaders();
        if (trace % 4 == 0 || random.nextInt(30) == 0) {
            headers.add(RecordHeaders.TENANT, RecordHeaders.value("other"));
        }
        switch (random.nextInt(40)) {
            case 0 -> to.append(partition, appendedAt, key(trace), null, headers);
            case 1 ->
                    to.append(
                            partition,
                            appendedAt,
                            key(trace),
                            "no spans".getBytes(US_ASCII),
                            headers);
            case 2, 3, 4, 5, 6, 7, 8 -> {
                headers.add(RecordHeaders.KEYING, RecordHeaders.value(Keying.PACKED.word()));
                var spans = new ArrayList<>(spans(trace));
                for (int more = random.nextInt(6); more > 0; more--) {
                    long other = someTrace();
                    if (partition(other) == partition) {
                        spans.addAll(spans(other));
                    }
                }
                to.append(partition, appendedAt, new byte[0], encode(spans), headers);
            }
            default -> to.append(partition, appendedAt, key(trace), encode(spans(trace)), headers);
        }
    }

    /// Mostly a young one, sometimes one that is complete by now, and one that never rests.
    private long someTrace() {
        return switch (random.nextInt(30)) {
            case 0 -> 1;
            case 1, 2, 3, 4 -> Math.max(2, newest - random.nextInt(120));
            default -> Math.max(2, newest - (long) (random.nextExponential() * 5));
        };
    }

    private static TraceId id(long trace) {
        return new TraceId(trace * 0x9E3779B97F4A7C15L, trace * 0xD1342543DE82EF95L);
    }

    private static byte[] key(long trace) {
        return TraceKey.of(id(trace));
    }

    private static int partition(long trace) {
        var id = id(trace);
        return TraceKey.partition(id.high(), id.low(), SimulatedLog.PARTITIONS);
    }

    private static byte[] encode(List<Span> spans) {
        return OtlpEncoder.encode(spans).toByteArray();
    }

    private List<Span> spans(long trace) {
        var spans = new ArrayList<Span>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            spans.add(span(trace, 1 + random.nextInt(12) + 12L * source));
        }
        return spans;
    }

    private Span span(long trace, long number) {
        boolean fails = random.nextInt(25) == 0;
        String service = "service " + (number + trace) % 3;
        return Span.builder(id(trace), new SpanId(number))
                .parentSpanId(number == 1 ? null : new SpanId(1 + random.nextLong(number - 1)))
                .name("operation " + trace % 4)
                .kind(number % 2 == 0 ? SpanKind.CLIENT : SpanKind.SERVER)
                .time(1_000 + number, 2_000 + (long) (random.nextExponential() * 1_000))
                .traceState(state(trace))
                .status(fails ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                .resource(
                        new Resource(
                                Attributes.of(
                                        new Attributes.Attribute(
                                                "service.name", new AttributeValue.Text(service))),
                                0,
                                ""))
                .build();
    }

    private static String state(long trace) {
        if (trace % 5 == 0) {
            return "ot=rv:%014x".formatted((trace * 0xD1342543DE82EF95L) >>> 8);
        }
        return trace % 7 == 0 ? "ot=th:4" : "";
    }
}
