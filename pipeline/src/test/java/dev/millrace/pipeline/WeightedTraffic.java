package dev.millrace.pipeline;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Traces of a few shapes, encoded once each, so that many can be made in little time.
///
/// Each shape is a root operation with a trait: plain, slow, failed in its first record, failed in
/// its second with a third to follow, or with a query of many rows.
final class WeightedTraffic {

    static final List<String> OPERATIONS = List.of("GET /cart", "POST /orders", "GET /rare");

    private static final long MILLISECOND = 1_000_000;
    private static final TraceId ID = new TraceId(0x1122334455667788L, 0x0123456789abcdefL);
    private static final String RANDOMNESS = "fedcba98765432";

    /// A record to be copied.
    ///
    /// @param ids where the trace id stands in it
    /// @param randomness where what the trace states stands
    record Template(Slice body, int spans, List<Integer> ids, List<Integer> randomness) {}

    /// @param records of the trace, in order
    /// @param spans how many in all; their ids count from 1
    record Shape(String operation, String trait, List<Template> records, int spans) {

        /// The records of a trace of this shape.
        ///
        /// @param randomness what it states in its trace state, if it states any
        List<TraceChunk> trace(TraceId id, long randomness) {
            var chunks = new ArrayList<TraceChunk>();
            byte[] idBytes = bytes(id);
            byte[] randomnessBytes = "%014x".formatted(randomness).getBytes(StandardCharsets.UTF_8);
            for (var template : records) {
                byte[] body = template.body().toByteArray().clone();
                for (int at : template.ids()) {
                    System.arraycopy(idBytes, 0, body, at, idBytes.length);
                }
                for (int at : template.randomness()) {
                    System.arraycopy(randomnessBytes, 0, body, at, randomnessBytes.length);
                }
                chunks.add(new TraceChunk(id, Slice.of(body), template.spans()));
            }
            return chunks;
        }
    }

    private WeightedTraffic() {}

    /// @param traceState of every span; `RV` in it stands for the trace's randomness
    static List<Shape> shapes(String traceState) {
        var shapes = new ArrayList<Shape>();
        for (String operation : OPERATIONS) {
            for (String trait :
                    List.of("plain", "plain", "plain", "slow", "failed", "late", "rows")) {
                shapes.add(shape(operation, trait, traceState.replace("RV", RANDOMNESS)));
            }
        }
        return shapes;
    }

    private static Shape shape(String operation, String trait, String traceState) {
        long tail = trait.equals("slow") ? 900 : 90;
        var root = span(1, 0, "shop", operation, traceState).time(0, 100 * MILLISECOND);
        var cart = span(2, 1, "cart", "load", traceState).time(MILLISECOND, tail * MILLISECOND);
        var query =
                span(3, 2, "db", "query", traceState)
                        .time(2 * MILLISECOND, 80 * MILLISECOND)
                        .attributes(
                                Attributes.of(
                                        new Attribute(
                                                "rows",
                                                new AttributeValue.Int(
                                                        trait.equals("rows") ? 5_000 : 5))),
                                0);
        var mail = span(4, 1, "mail", "send", traceState).time(3 * MILLISECOND, 70 * MILLISECOND);
        if (trait.equals("failed") || trait.equals("late")) {
            mail.status(new Status(Status.Code.ERROR, ""));
        }
        var records =
                trait.equals("late")
                        ? List.of(List.of(root, cart), List.of(mail), List.of(query))
                        : List.of(List.of(root, cart, query, mail));
        return new Shape(
                operation, trait, records.stream().map(WeightedTraffic::template).toList(), 4);
    }

    private static Template template(List<Span.Builder> spans) {
        var body = OtlpEncoder.encode(spans.stream().map(Span.Builder::build).toList());
        byte[] bytes = body.toByteArray();
        return new Template(
                body,
                spans.size(),
                positions(bytes, bytes(ID)),
                positions(bytes, RANDOMNESS.getBytes(StandardCharsets.UTF_8)));
    }

    private static Span.Builder span(
            long id, long parent, String service, String name, String traceState) {
        return Span.builder(ID, new SpanId(id))
                .parentSpanId(parent == 0 ? null : new SpanId(parent))
                .name(name)
                .kind(SpanKind.SERVER)
                .traceState(traceState)
                .resource(
                        new Resource(
                                Attributes.of(
                                        new Attribute(
                                                "service.name", new AttributeValue.Text(service))),
                                0,
                                ""));
    }

    private static byte[] bytes(TraceId id) {
        return ByteBuffer.allocate(16).putLong(id.high()).putLong(id.low()).array();
    }

    private static List<Integer> positions(byte[] body, byte[] wanted) {
        var positions = new ArrayList<Integer>();
        for (int i = 0; i + wanted.length <= body.length; i++) {
            if (Arrays.equals(body, i, i + wanted.length, wanted, 0, wanted.length)) {
                positions.add(i);
            }
        }
        return positions;
    }
}
