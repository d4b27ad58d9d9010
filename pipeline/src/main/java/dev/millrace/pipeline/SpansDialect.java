package dev.millrace.pipeline;

import dev.millrace.model.TraceId;
import dev.millrace.pipeline.format.SourceEncoding;
import org.jspecify.annotations.Nullable;

/// How `spans` differs from a topic that is written by our collectors only, for a topic that others
/// write or read as well, such as the `zipkin-spans` of zipkin-storage-kafka.
///
/// All that write and read the topic must be told the same.
///
/// @param unnamed the encoding of records that do not name theirs; null when those are ours
/// @param zipkinKeys whether the spans of a trace lie where Zipkin's text of its id puts them,
///   which has 16 digits when those before are zero; otherwise it is always 32 digits that do
public record SpansDialect(@Nullable SourceEncoding unnamed, boolean zipkinKeys) {

    /// Of a topic that is ours alone.
    public static final SpansDialect OURS = new SpansDialect(null, false);

    /// Where the spans of a trace lie.
    public int partition(TraceId traceId, int partitions) {
        return zipkinKeys
                ? TraceKey.partition(TraceKey.zipkin(traceId), partitions)
                : TraceKey.partition(traceId.high(), traceId.low(), partitions);
    }

    /// The key of a record of one trace.
    ///
    /// @param zipkin whether its value is in one of Zipkin's encodings; what is ours has all digits
    byte[] key(TraceId traceId, boolean zipkin) {
        return zipkin && zipkinKeys ? TraceKey.zipkin(traceId) : TraceKey.of(traceId);
    }

    /// @throws IllegalArgumentException when records of that keying cannot be written here
    public void check(Keying keying) {
        if (zipkinKeys && keying == Keying.PACKED) {
            throw new IllegalArgumentException(
                    "keying: "
                            + keying.word()
                            + " (expected: trace-id, because spans lie where Zipkin's trace ids put"
                            + " them)");
        }
    }
}
