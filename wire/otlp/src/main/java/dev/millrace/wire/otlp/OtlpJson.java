package dev.millrace.wire.otlp;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.millrace.model.Slice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/// OTLP's JSON encoding: requests into protobuf bytes, and the answers to them.
///
/// Follows the JSON Protobuf mapping with OTLP's exceptions: field names in lowerCamelCase, trace
/// and span ids in hexadecimal, unknown fields ignored. Safe for any number of threads.
public final class OtlpJson {

    // Deep enough for thirty levels of nested attributes, and shallow enough that what comes out
    // stays under the hundred levels at which protobuf readers stop.
    private static final int MAX_DEPTH = 128;

    private static final JsonFactory WRITER = new JsonFactory();

    private final JsonFactory reader;

    /// @param maxBytes the size over which a text is refused, bytes
    public OtlpJson(int maxBytes) {
        reader =
                JsonFactory.builder()
                        .streamReadConstraints(
                                StreamReadConstraints.builder()
                                        .maxNestingDepth(MAX_DEPTH)
                                        .maxStringLength(maxBytes)
                                        .maxDocumentLength(maxBytes)
                                        .build())
                        .build();
    }

    /// Turns an `ExportTraceServiceRequest` or `TracesData` in JSON into its protobuf bytes.
    ///
    /// Ids keep whatever length they have, and one that is not hexadecimal becomes a single byte,
    /// so that the splitter rejects exactly the spans that carry them.
    ///
    /// @throws MalformedSpansException for anything else, with line and column
    public Slice traces(Slice json) {
        try (var parser = reader.createParser(json.array(), json.offset(), json.length())) {
            return Slice.of(new OtlpJsonReader(parser).traces().toByteArray());
        } catch (JsonProcessingException e) {
            throw new MalformedSpansException(
                    "not OTLP JSON: "
                            + e.getOriginalMessage()
                            + OtlpJsonReader.position(e.getLocation()));
        } catch (IOException e) {
            // Reading from an array fails only for what is in it, such as broken UTF-16.
            throw new MalformedSpansException("not OTLP JSON: " + e.getMessage());
        }
    }

    /// An `ExportTraceServiceResponse`.
    ///
    /// @param rejectedSpans how many spans were not taken in; 0 for full success
    /// @param message why, empty for full success
    public static byte[] response(int rejectedSpans, String message) {
        return write(json -> {
            json.writeStartObject();
            if (rejectedSpans != 0 || !message.isEmpty()) {
                json.writeObjectFieldStart("partialSuccess");
                // The mapping writes 64-bit integers as strings.
                json.writeStringField("rejectedSpans", Integer.toString(rejectedSpans));
                json.writeStringField("errorMessage", message);
                json.writeEndObject();
            }
            json.writeEndObject();
        });
    }

    /// A `google.rpc.Status`, the body of an answer that is not success.
    public static byte[] status(int code, String message) {
        return write(json -> {
            json.writeStartObject();
            json.writeNumberField("code", code);
            json.writeStringField("message", message);
            json.writeEndObject();
        });
    }

    private interface Body {
        void writeTo(JsonGenerator json) throws IOException;
    }

    private static byte[] write(Body body) {
        var bytes = new ByteArrayOutputStream();
        try (var json = WRITER.createGenerator(bytes, JsonEncoding.UTF8)) {
            body.writeTo(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
