package dev.millrace.agent;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Gives every resource of a request the attributes of the node, where it has none of that name.
///
/// What a program says of itself counts more than what the agent knows. The same bytes always give
/// the same bytes, so copies of a span stay copies. Immutable.
final class ResourceStamp {

    private static final int RESOURCE_SPANS = 1;
    private static final int RESOURCE = 1;
    private static final int ATTRIBUTE = 1;
    private static final int KEY = 1;
    private static final int VALUE = 2;
    private static final int TEXT = 1;

    private record Attribute(String key, Slice encoded) {}

    private final List<Attribute> attributes;
    private final int length;

    ResourceStamp(Map<String, String> attributes) {
        this.attributes =
                new TreeMap<>(attributes)
                        .entrySet().stream()
                                .map(entry ->
                                        new Attribute(
                                                entry.getKey(),
                                                encoded(entry.getKey(), entry.getValue())))
                                .toList();
        length = this.attributes.stream().mapToInt(it -> it.encoded().length()).sum();
    }

    private static Slice encoded(String key, String value) {
        var any = new ProtoWriter(value.length() + 8).text(TEXT, value).finish();
        var keyValue =
                new ProtoWriter(key.length() + any.length() + 8)
                        .text(KEY, key)
                        .bytes(VALUE, any)
                        .finish();
        return new ProtoWriter(keyValue.length() + 8).bytes(ATTRIBUTE, keyValue).finish();
    }

    /// @param traces valid OTLP `TracesData`
    Slice apply(Slice traces) {
        if (attributes.isEmpty()) {
            return traces;
        }
        var writer = new ProtoWriter(traces.length() + 2 * length + 16);
        var reader = ProtoReader.of(traces);
        int start = reader.position();
        while (reader.next() != 0) {
            boolean resourceSpans =
                    reader.field() == RESOURCE_SPANS
                            && reader.wireType() == ProtoReader.LENGTH_DELIMITED;
            if (resourceSpans) {
                stamp(reader.slice(), writer);
            } else {
                reader.skip();
                writer.raw(traces.array(), start, reader.position() - start);
            }
            start = reader.position();
        }
        return writer.finish();
    }

    private void stamp(Slice resourceSpans, ProtoWriter writer) {
        int opened = writer.open(RESOURCE_SPANS);
        int resource = writer.open(RESOURCE);
        var keys = new HashSet<String>();
        // A resource in several pieces is one whose pieces follow each other.
        var reader = ProtoReader.of(resourceSpans);
        while (reader.next() != 0) {
            if (isResource(reader)) {
                var piece = reader.slice();
                addKeys(piece, keys);
                writer.raw(piece.array(), piece.offset(), piece.length());
            } else {
                reader.skip();
            }
        }
        for (var attribute : attributes) {
            if (!keys.contains(attribute.key())) {
                var encoded = attribute.encoded();
                writer.raw(encoded.array(), encoded.offset(), encoded.length());
            }
        }
        writer.close(resource);
        reader = ProtoReader.of(resourceSpans);
        int start = reader.position();
        while (reader.next() != 0) {
            boolean written = isResource(reader);
            reader.skip();
            if (!written) {
                writer.raw(resourceSpans.array(), start, reader.position() - start);
            }
            start = reader.position();
        }
        writer.close(opened);
    }

    private static boolean isResource(ProtoReader reader) {
        return reader.field() == RESOURCE && reader.wireType() == ProtoReader.LENGTH_DELIMITED;
    }

    private static void addKeys(Slice resource, Set<String> keys) {
        var reader = ProtoReader.of(resource);
        while (reader.next() != 0) {
            if (reader.field() == ATTRIBUTE && reader.wireType() == ProtoReader.LENGTH_DELIMITED) {
                var attribute = ProtoReader.of(reader.slice());
                while (attribute.next() != 0) {
                    if (attribute.field() == KEY
                            && attribute.wireType() == ProtoReader.LENGTH_DELIMITED) {
                        keys.add(attribute.slice().toText());
                    } else {
                        attribute.skip();
                    }
                }
            } else {
                reader.skip();
            }
        }
    }
}
