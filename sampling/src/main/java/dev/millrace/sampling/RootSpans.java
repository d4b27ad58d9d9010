package dev.millrace.sampling;

import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;

/// Counts the traces that begin in arriving chunks, for [AdaptiveStrategies].
///
/// The probability a trace was sampled with is what its root says in `ot=th`, else in the tags of
/// Jaeger's clients, else what its service was last told. To be fed before [HeadSampler], which
/// raises `th`. Not safe for threads.
public final class RootSpans {

    /// Answers what a service was told for an operation.
    @FunctionalInterface
    public interface Served {
        double probability(String service, String operation);
    }

    private final ChunkScan scan = new ChunkScan();
    private final Served served;

    public RootSpans(Served served) {
        this.served = served;
    }

    public void count(List<TraceChunk> chunks, Throughput throughput) {
        for (var chunk : chunks) {
            scan.read(chunk.body());
            for (int span = 0; span < scan.size(); span++) {
                if (scan.isRoot(span)) {
                    count(span, throughput);
                }
            }
        }
    }

    private void count(int span, Throughput throughput) {
        Slice name = scan.serviceName(scan.service(span));
        var operation =
                new Throughput.Operation(
                        name.length() == 0 ? Resource.UNKNOWN_SERVICE : name.toText(),
                        scan.name(span).toText());
        double probability = probability(span, operation);
        throughput.add(operation, new Throughput.Count(1, 1 / Math.max(1e-9, probability)));
    }

    private double probability(int span, Throughput.Operation operation) {
        var threshold = scan.state(span).threshold();
        if (threshold.isPresent()) {
            return new Threshold(threshold.getAsLong()).probability();
        }
        double tagged = tagged(scan.span(span));
        return tagged > 0 && tagged <= 1
                ? tagged
                : served.probability(operation.service(), operation.name());
    }

    /// `sampler.param` of a span that `sampler.type` calls probabilistic; NaN without both.
    private static double tagged(Slice span) {
        boolean probabilistic = false;
        double param = Double.NaN;
        var reader = ProtoReader.of(span);
        while (reader.next() != 0) {
            if (reader.field() != 9) {
                reader.skip();
                continue;
            }
            Slice key = Slice.EMPTY;
            Slice value = Slice.EMPTY;
            var pair = ProtoReader.of(reader.slice());
            while (pair.next() != 0) {
                switch (pair.field()) {
                    case 1 -> key = pair.slice();
                    case 2 -> value = pair.slice();
                    default -> pair.skip();
                }
            }
            if (key.length() == "sampler.type".length() && key.toText().equals("sampler.type")) {
                probabilistic = text(value).equals("probabilistic");
            } else if (key.length() == "sampler.param".length()
                    && key.toText().equals("sampler.param")) {
                param = real(value);
            }
        }
        return probabilistic ? param : Double.NaN;
    }

    private static String text(Slice anyValue) {
        String text = "";
        var any = ProtoReader.of(anyValue);
        while (any.next() != 0) {
            if (any.field() == 1) {
                text = any.slice().toText();
            } else {
                any.skip();
            }
        }
        return text;
    }

    private static double real(Slice anyValue) {
        double value = Double.NaN;
        var any = ProtoReader.of(anyValue);
        while (any.next() != 0) {
            switch (any.field()) {
                case 3 -> value = any.varint();
                case 4 -> value = Double.longBitsToDouble(any.fixed64());
                default -> any.skip();
            }
        }
        return value;
    }
}
