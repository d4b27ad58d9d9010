package dev.millrace.wire.zipkin;

import dev.millrace.wire.zipkin.SpanDraft.TagType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A v1 span as it was read, which may stand for both sides of a call.
///
/// Times are microseconds, and 0 when absent.
final class V1Span {

    /// Where something happened; texts are empty and the port 0 when absent.
    record Endpoint(String service, String ip, int port) {
        boolean sameService(@Nullable Endpoint other) {
            return other != null && service.equals(other.service);
        }
    }

    /// Something that happened at a time.
    record Annotation(long time, String value, @Nullable Endpoint endpoint) {}

    /// Something known of the span: a tag, or an address when the key says so.
    ///
    /// @param text the value of one of type text
    /// @param bits the value of any other, as a draft's tags have it
    record BinaryAnnotation(
            String key, TagType type, String text, long bits, @Nullable Endpoint endpoint) {}

    boolean hasTraceId;
    long traceIdHigh;
    long traceIdLow;
    long id;
    long parentId;
    String name = "";
    long timestamp;
    long duration;
    boolean debug;
    final List<Annotation> annotations = new ArrayList<>();
    final List<BinaryAnnotation> binaryAnnotations = new ArrayList<>();
}
