package dev.millrace.pipeline;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/// Chunks of traces for tests, the same for the same seed.
final class Chunks {

    private final RandomGenerator random;

    Chunks(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    List<TraceChunk> several(int count) {
        return IntStream.range(0, count).mapToObj(_ -> one(2, 0)).toList();
    }

    /// A trace of its own with spans that carry `padding` random bytes each.
    TraceChunk one(int spans, int padding) {
        var traceId = new TraceId(random.nextLong(), random.nextLong());
        return new TraceChunk(traceId, body(traceId, spans, padding), spans);
    }

    private Slice body(TraceId traceId, int spans, int padding) {
        var resource =
                new Resource(
                        Attributes.of(
                                new Attribute("service.name", new AttributeValue.Text("shop"))),
                        0,
                        "");
        return OtlpEncoder.encode(
                IntStream.range(0, spans)
                        .mapToObj(i -> {
                            var bytes = new byte[padding];
                            random.nextBytes(bytes);
                            var noise = new AttributeValue.Bytes(Slice.of(bytes));
                            return Span.builder(traceId, new SpanId(random.nextLong()))
                                    .name("span " + i)
                                    .time(1_000L * i, 1_000L * i + 500)
                                    .resource(resource)
                                    .attributes(Attributes.of(new Attribute("noise", noise)), 0)
                                    .build();
                        })
                        .toList());
    }
}
