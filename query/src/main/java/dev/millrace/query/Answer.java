package dev.millrace.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import dev.millrace.model.Slice;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A response whose status is settled and whose body is still to be written, piece by piece.
///
/// @param retryAfterSeconds 0 when there is nothing to say about it
/// @param maxAgeSeconds how long the client may keep the answer; 0 when there is nothing to say
///   about it
/// @param gaps what the answer lacks; none when it is whole
record Answer(
        HttpStatus status,
        MediaType type,
        int retryAfterSeconds,
        int maxAgeSeconds,
        List<String> gaps,
        Body body) {

    private static final JsonFactory JSON = new JsonFactory();

    /// Of a whole answer.
    Answer(HttpStatus status, MediaType type, int retryAfterSeconds, int maxAgeSeconds, Body body) {
        this(status, type, retryAfterSeconds, maxAgeSeconds, List.of(), body);
    }

    /// Writes the bytes of an answer.
    @FunctionalInterface
    interface Body {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Writes an answer that is JSON.
    @FunctionalInterface
    interface JsonBody {
        void writeTo(JsonGenerator json) throws IOException;
    }

    static Answer json(JsonBody body) {
        return json(HttpStatus.OK, 0, false, body);
    }

    static Answer json(HttpStatus status, int retryAfterSeconds, boolean pretty, JsonBody body) {
        return new Answer(
                status,
                MediaType.JSON,
                retryAfterSeconds,
                0,
                out -> {
                    try (var json = JSON.createGenerator(out)) {
                        if (pretty) {
                            json.setPrettyPrinter(indented());
                        }
                        body.writeTo(json);
                    }
                });
    }

    static Answer bytes(MediaType type, Slice bytes) {
        return new Answer(
                HttpStatus.OK,
                type,
                0,
                0,
                out -> out.write(bytes.array(), bytes.offset(), bytes.length()));
    }

    /// The trace as OTLP `TracesData`.
    static Answer bytes(MediaType type, StoredTrace trace) {
        return bytes(
                type,
                out -> {
                    for (var bodies = trace.bodies(); bodies.hasNext(); ) {
                        var body = bodies.next();
                        out.write(body.array(), body.offset(), body.length());
                    }
                });
    }

    static Answer bytes(MediaType type, Body body) {
        return new Answer(HttpStatus.OK, type, 0, 0, body);
    }

    static Answer text(HttpStatus status, int retryAfterSeconds, String text) {
        return new Answer(
                status,
                MediaType.PLAIN_TEXT_UTF_8,
                retryAfterSeconds,
                0,
                out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /// The same, for the client to keep for so long.
    Answer keptFor(int seconds) {
        return new Answer(status, type, retryAfterSeconds, seconds, gaps, body);
    }

    /// The same, lacking something, which a header tells.
    Answer lacking(List<String> reasons) {
        return new Answer(status, type, retryAfterSeconds, maxAgeSeconds, reasons, body);
    }

    // Looks like the indented output of Go's encoder, which Jaeger's clients are used to.
    private static DefaultPrettyPrinter indented() {
        var indenter = new DefaultIndenter("    ", "\n");
        var printer =
                new DefaultPrettyPrinter(
                        Separators.createDefaultInstance()
                                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                                .withArrayEmptySeparator("")
                                .withObjectEmptySeparator(""));
        printer.indentObjectsWith(indenter);
        printer.indentArraysWith(indenter);
        return printer;
    }
}
