package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.data.UdtValue;
import com.datastax.oss.driver.api.core.type.DataType;
import com.datastax.oss.driver.api.core.type.ListType;
import com.datastax.oss.driver.api.core.type.UserDefinedType;
import com.datastax.oss.driver.api.core.type.reflect.GenericType;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.wire.jaeger.JaegerTags;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Writes a span as a row of `traces`, in the columns and types of Jaeger's.
final class JaegerSpanRow {

    static final String CHILD_OF = "child-of";
    static final String FOLLOWS_FROM = "follows-from";

    /// Made once: for each list of its own the driver would resolve it by reflection.
    private static final GenericType<List<UdtValue>> UDTS = GenericType.listOf(UdtValue.class);

    private final PreparedStatement insert;
    private final UserDefinedType keyValue;
    private final UserDefinedType log;
    private final UserDefinedType reference;
    private final UserDefinedType process;

    /// @param insert every column of `traces`
    JaegerSpanRow(PreparedStatement insert) {
        this.insert = insert;
        this.keyValue = (UserDefinedType) element(insert, "tags");
        this.log = (UserDefinedType) element(insert, "logs");
        this.reference = (UserDefinedType) element(insert, "refs");
        this.process = (UserDefinedType) insert.getVariableDefinitions().get("process").getType();
    }

    private static DataType element(PreparedStatement statement, String column) {
        var list = (ListType) statement.getVariableDefinitions().get(column).getType();
        return list.getElementType();
    }

    /// @param hash tells it from others with its id
    /// @param body the span as OTLP
    BoundStatement bind(Span span, long hash, Slice body) {
        SpanId parent = span.parentSpanId();
        var row =
                insert.bind()
                        .setByteBuffer("trace_id", id(span.traceId()))
                        .setLong("span_id", span.spanId().value())
                        .setLong("span_hash", hash)
                        .setLong("parent_id", parent == null ? 0 : parent.value())
                        .setString("operation_name", span.name())
                        .setInt("flags", span.flags())
                        .setLong("start_time", Times.micros(span.startNanos()))
                        .setLong("duration", durationMicros(span))
                        .setUdtValue("process", process(span))
                        .setByteBuffer(
                                Schema.SPAN_COLUMN,
                                ByteBuffer.wrap(body.array(), body.offset(), body.length()));
        row = withList(row, "tags", tags(JaegerTags.of(span)));
        row = withList(row, "logs", logs(span));
        row = withList(row, "refs", references(span));
        // Cassandra would write a list twice when it got the same request, with the same time
        // stamp, from the driver again; asked anew, it replaces it.
        return row.setIdempotent(false);
    }

    // No list is as good as an empty one, and leaves no tombstone.
    private static BoundStatement withList(
            BoundStatement row, String column, List<UdtValue> values) {
        return values.isEmpty() ? row : row.set(column, values, UDTS);
    }

    static ByteBuffer id(TraceId traceId) {
        return ByteBuffer.allocate(16).putLong(traceId.high()).putLong(traceId.low()).flip();
    }

    /// Jaeger reads it as unsigned.
    static long durationMicros(Span span) {
        return Math.max(0, Times.micros(span.durationNanos()));
    }

    /// The tags of the process that a span ran in.
    static List<Attribute> processTags(Span span) {
        var others =
                span.resource().attributes().entries().stream()
                        .filter(attribute -> !attribute.key().equals("service.name"))
                        .toList();
        return JaegerTags.of(new Attributes(others));
    }

    private UdtValue process(Span span) {
        return process.newValue()
                .setString("service_name", span.serviceName())
                .set("tags", tags(processTags(span)), UDTS);
    }

    private List<UdtValue> logs(Span span) {
        return span.events().stream()
                .map(event ->
                        log.newValue()
                                .setLong("ts", Times.micros(event.timeNanos()))
                                .set("fields", tags(JaegerTags.of(event)), UDTS))
                .toList();
    }

    private List<UdtValue> references(Span span) {
        var references = new ArrayList<UdtValue>();
        SpanId parent = span.parentSpanId();
        if (parent != null) {
            references.add(reference(CHILD_OF, span.traceId(), parent));
        }
        for (var link : span.links()) {
            boolean childOf =
                    link.attributes()
                            .find("opentracing.ref_type")
                            .equals(Optional.of(new AttributeValue.Text("child_of")));
            references.add(
                    reference(childOf ? CHILD_OF : FOLLOWS_FROM, link.traceId(), link.spanId()));
        }
        return references;
    }

    private UdtValue reference(String type, TraceId traceId, SpanId spanId) {
        return reference
                .newValue()
                .setString("ref_type", type)
                .setByteBuffer("trace_id", id(traceId))
                .setLong("span_id", spanId.value());
    }

    private List<UdtValue> tags(List<Attribute> tags) {
        return tags.stream().map(this::tag).toList();
    }

    // Jaeger writes every field, those of other types as zero.
    private UdtValue tag(Attribute tag) {
        var value =
                keyValue.newValue()
                        .setString("key", tag.key())
                        .setString("value_string", "")
                        .setBoolean("value_bool", false)
                        .setLong("value_long", 0)
                        .setDouble("value_double", 0);
        return switch (tag.value()) {
            case AttributeValue.Text(String text) ->
                    value.setString("value_type", "string").setString("value_string", text);
            case AttributeValue.Bool(boolean bool) ->
                    value.setString("value_type", "bool").setBoolean("value_bool", bool);
            case AttributeValue.Int(long number) ->
                    value.setString("value_type", "int64").setLong("value_long", number);
            case AttributeValue.Real(double number) ->
                    value.setString("value_type", "float64").setDouble("value_double", number);
            case AttributeValue.Bytes(Slice bytes) ->
                    value.setString("value_type", "binary")
                            .setByteBuffer(
                                    "value_binary",
                                    ByteBuffer.wrap(bytes.array(), bytes.offset(), bytes.length()));
            case AttributeValue.Array _, AttributeValue.Nested _, AttributeValue.Empty _ ->
                    throw new IllegalStateException(tag + " (expected: a simple value)");
        };
    }
}
