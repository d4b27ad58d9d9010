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
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

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

    /// Reads a `jaeger.api_v2.SamplingStrategyResponse`.
    ///
    /// @throws MalformedSpansException when the bytes are not protobuf
    /// @throws IllegalArgumentException when it holds what cannot be, such as a probability over 1
    public static SamplingStrategy strategy(Slice response) {
        long type = 0;
        double rate = 0;
        int most = 0;
        @Nullable Slice operations = null;
        var reader = ProtoReader.of(response);
        while (reader.next() != 0) {
            switch (reader.field() << 3 | reader.wireType()) {
                case 1 << 3 | ProtoReader.VARINT -> type = reader.varint();
                case 2 << 3 | ProtoReader.LENGTH_DELIMITED -> rate = rate(reader.slice());
                case 3 << 3 | ProtoReader.LENGTH_DELIMITED -> most = most(reader.slice());
                case 4 << 3 | ProtoReader.LENGTH_DELIMITED -> operations = reader.slice();
                default -> reader.skip();
            }
        }
        if (operations != null) {
            return perOperation(operations);
        }
        return type == RATE_LIMITING
                ? new SamplingStrategy.RateLimiting(most)
                : new SamplingStrategy.Probabilistic(rate);
    }

    private static SamplingStrategy perOperation(Slice strategies) {
        double otherwise = 0;
        double lowerBound = 0;
        var operations = new ArrayList<SamplingStrategy.Operation>();
        var reader = ProtoReader.of(strategies);
        while (reader.next() != 0) {
            switch (reader.field() << 3 | reader.wireType()) {
                case 1 << 3 | ProtoReader.FIXED64 -> otherwise = real(reader);
                case 2 << 3 | ProtoReader.FIXED64 -> lowerBound = real(reader);
                case 3 << 3 | ProtoReader.LENGTH_DELIMITED ->
                        operations.add(operation(reader.slice()));
                default -> reader.skip();
            }
        }
        return new SamplingStrategy.PerOperation(otherwise, lowerBound, operations);
    }

    private static SamplingStrategy.Operation operation(Slice strategy) {
        String name = "";
        double rate = 0;
        var reader = ProtoReader.of(strategy);
        while (reader.next() != 0) {
            switch (reader.field() << 3 | reader.wireType()) {
                case 1 << 3 | ProtoReader.LENGTH_DELIMITED -> name = reader.slice().toText();
                case 2 << 3 | ProtoReader.LENGTH_DELIMITED -> rate = rate(reader.slice());
                default -> reader.skip();
            }
        }
        return new SamplingStrategy.Operation(name, rate);
    }

    private static double rate(Slice probabilistic) {
        double rate = 0;
        var reader = ProtoReader.of(probabilistic);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.FIXED64) {
                rate = real(reader);
            } else {
                reader.skip();
            }
        }
        return rate;
    }

    private static int most(Slice rateLimiting) {
        int most = 0;
        var reader = ProtoReader.of(rateLimiting);
        while (reader.next() != 0) {
            if (reader.field() == 1 && reader.wireType() == ProtoReader.VARINT) {
                most = (int) reader.varint();
            } else {
                reader.skip();
            }
        }
        return most;
    }

    private static double real(ProtoReader reader) {
        return Double.longBitsToDouble(reader.fixed64());
    }

    /// A `SamplingStrategyParameters` that asks for a service.
    public static Slice parameters(String service) {
        return new ProtoWriter(service.length() + 16).text(1, service).finish();
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
