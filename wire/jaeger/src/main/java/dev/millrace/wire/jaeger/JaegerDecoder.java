package dev.millrace.wire.jaeger;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import java.io.IOException;
import org.apache.thrift.TException;

/// Turns what Jaeger's clients send into OTLP bytes.
///
/// The mapping is OpenTelemetry's, in `docs/reference/jaeger.md`. Ids and names are not judged
/// here: a span without a usable id keeps none, and the splitter rejects exactly that span. Safe
/// for any number of threads.
public final class JaegerDecoder {

    private final int maxBytes;
    private final JsonSpans json;

    /// @param maxBytes the size over which a body, or what it becomes as OTLP, is refused
    public JaegerDecoder(int maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: at least 1)");
        }
        this.maxBytes = maxBytes;
        json = new JsonSpans(maxBytes);
    }

    /// The spans of one body as an OTLP `TracesData`.
    ///
    /// @param nowNanos the start of spans that come without one, nanoseconds since 1970
    /// @throws MalformedSpansException when the body is not of the format or too large
    public Slice traces(JaegerFormat format, Slice body, long nowNanos) {
        if (body.length() > maxBytes) {
            throw new MalformedSpansException(
                    "body: " + body.length() + " bytes (expected: at most " + maxBytes + ")");
        }
        var sink = new SpanSink(expectedBytes(body), maxBytes, nowNanos);
        try {
            switch (format) {
                case POST_SPANS -> new ProtoSpans(body, sink).request(body);
                case SPAN_PROTO -> new ProtoSpans(body, sink).span(ProtoReader.of(body));
                case SPAN_JSON -> json.read(body, sink);
                case BATCH_BINARY -> ThriftSpans.binary(body, maxBytes, sink).body();
                case BATCH_COMPACT -> ThriftSpans.compact(body, maxBytes, sink).body();
                case AGENT_BINARY -> ThriftSpans.binary(body, maxBytes, sink).message();
                case AGENT_COMPACT -> ThriftSpans.compact(body, maxBytes, sink).message();
            }
        } catch (MalformedSpansException e) {
            throw malformed(format, String.valueOf(e.getMessage()).replaceFirst("^not OTLP: ", ""));
        } catch (JsonProcessingException e) {
            throw malformed(format, e.getOriginalMessage());
        } catch (TException | IOException e) {
            throw malformed(format, String.valueOf(e.getMessage()));
        }
        return sink.finish();
    }

    private static int expectedBytes(Slice body) {
        return Math.max(256, (int) Math.min(Integer.MAX_VALUE / 2, body.length() * 5L / 4));
    }

    private static MalformedSpansException malformed(JaegerFormat format, String why) {
        return new MalformedSpansException("not Jaeger's " + format + ": " + why);
    }
}
