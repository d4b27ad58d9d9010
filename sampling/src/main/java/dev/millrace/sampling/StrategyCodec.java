package dev.millrace.sampling;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Strategies in Jaeger's two forms: JSON over HTTP and protobuf over gRPC.
public final class StrategyCodec {

    private static final JsonFactory JSON = new JsonFactory();
    private static final int RATE_LIMITING = 1;

    private StrategyCodec() {}

    /// A `SamplingStrategyResponse` as JSON; default values are written, absent messages are not.
    public static String json(SamplingStrategy strategy) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text)) {
            json.writeStartObject();
            switch (strategy) {
                case SamplingStrategy.Probabilistic(double rate) -> probabilistic(json, rate);
                case SamplingStrategy.RateLimiting(int most) -> {
                    json.writeStringField("strategyType", "RATE_LIMITING");
                    json.writeObjectFieldStart("rateLimitingSampling");
                    json.writeNumberField("maxTracesPerSecond", most);
                    json.writeEndObject();
                }
                case SamplingStrategy.PerOperation byOperation -> {
                    // For clients that know no operations.
                    probabilistic(json, byOperation.otherwise());
                    operations(json, byOperation);
                }
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void probabilistic(JsonGenerator json, double rate) throws IOException {
        json.writeStringField("strategyType", "PROBABILISTIC");
        rate(json, rate);
    }

    private static void rate(JsonGenerator json, double rate) throws IOException {
        json.writeObjectFieldStart("probabilisticSampling");
        json.writeNumberField("samplingRate", rate);
        json.writeEndObject();
    }

    private static void operations(JsonGenerator json, SamplingStrategy.PerOperation strategy)
            throws IOException {
        json.writeObjectFieldStart("operationSampling");
        json.writeNumberField("defaultSamplingProbability", strategy.otherwise());
        json.writeNumberField(
                "defaultLowerBoundTracesPerSecond", strategy.lowerBoundTracesPerSecond());
        json.writeArrayFieldStart("perOperationStrategies");
        for (var operation : strategy.operations()) {
            json.writeStartObject();
            json.writeStringField("operation", operation.name());
            rate(json, operation.samplingRate());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("defaultUpperBoundTracesPerSecond", 0.0);
        json.writeEndObject();
    }

    /// A `jaeger.api_v2.SamplingStrategyResponse`.
    public static Slice proto(SamplingStrategy strategy) {
        return switch (strategy) {
            case SamplingStrategy.Probabilistic(double rate) ->
                    new ProtoWriter(32).bytes(2, probability(rate)).finish();
            case SamplingStrategy.RateLimiting(int most) ->
                    new ProtoWriter(32)
                            .number(1, RATE_LIMITING)
                            .bytes(3, new ProtoWriter(16).number(1, most).finish())
                            .finish();
            case SamplingStrategy.PerOperation byOperation ->
                    new ProtoWriter(256)
                            .bytes(2, probability(byOperation.otherwise()))
                            .bytes(4, operations(byOperation))
                            .finish();
        };
    }

    private static Slice operations(SamplingStrategy.PerOperation strategy) {
        var writer = new ProtoWriter(256);
        real(writer, 1, strategy.otherwise());
        real(writer, 2, strategy.lowerBoundTracesPerSecond());
        for (var operation : strategy.operations()) {
            writer.bytes(
                    3,
                    new ProtoWriter(64)
                            .text(1, operation.name())
                            .bytes(2, probability(operation.samplingRate()))
                            .finish());
        }
        return writer.finish();
    }

    private static Slice probability(double rate) {
        var writer = new ProtoWriter(16);
        real(writer, 1, rate);
        return writer.finish();
    }

    private static void real(ProtoWriter writer, int field, double value) {
        if (value != 0) {
            byte[] bytes = new byte[9];
            bytes[0] = (byte) ProtoReader.tag(field, ProtoReader.FIXED64);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putDouble(1, value);
            writer.raw(bytes, 0, bytes.length);
        }
    }

    /// The service that a `SamplingStrategyParameters` asks for; empty when it names none.
    ///
    /// @throws MalformedSpansException when the bytes are not protobuf
    public static String service(Slice parameters) {
        String service = "";
        var reader = ProtoReader.of(parameters);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                service = reader.slice().toText();
            } else {
                reader.skip();
            }
        }
        return service;
    }
}
