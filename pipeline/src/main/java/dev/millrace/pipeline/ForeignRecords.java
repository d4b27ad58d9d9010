package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.pipeline.format.Translation;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.SpanLimits;
import dev.millrace.wire.otlp.Split;
import dev.millrace.wire.otlp.TraceSplitter;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// Tells which records are not OTLP as our collectors write it, and makes that of them.
///
/// What comes out follows from the record alone, so that it is the same whenever the record is
/// read: the time of its appending stands for the present. Safe for any number of threads.
final class ForeignRecords {

    /// What one record may become as OTLP.
    private static final int MAX_BYTES = 2 * KafkaClients.MAX_RECORD_BYTES;

    private static final int MAX_ATTRIBUTE_BYTES = 64 << 10;

    /// Around the time of appending, as collectors have it unless told otherwise: a start far off
    /// would have a store open a window for it.
    private static final TraceSplitter SPLITTER =
            new TraceSplitter(
                    new SpanLimits(
                            Duration.ofDays(30).toNanos(),
                            Duration.ofDays(1).toNanos(),
                            MAX_ATTRIBUTE_BYTES));

    /// For records that do not say when they were appended.
    private static final TraceSplitter TIMELESS =
            new TraceSplitter(new SpanLimits(Long.MAX_VALUE, Long.MAX_VALUE, MAX_ATTRIBUTE_BYTES));

    private final @Nullable SourceEncoding usual;
    private final Translation translation = new Translation(MAX_BYTES);

    /// @param usual of records that do not name their encoding; null when those are ours
    ForeignRecords(@Nullable SourceEncoding usual) {
        this.usual = usual;
    }

    /// The encoding to translate from; empty when the record is ours.
    ///
    /// @throws IllegalArgumentException when the record names none that there is
    Optional<SourceEncoding> encoding(ConsumerRecord<byte[], byte[]> record) {
        String word = RecordHeaders.text(record.headers(), RecordHeaders.ENCODING);
        if (word == null) {
            return Optional.ofNullable(usual);
        }
        if (word.equals(Encoding.OTLP_PROTO.word())) {
            return Optional.empty();
        }
        return Optional.of(
                SourceEncoding.of(word)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "encoding: \""
                                                + word
                                                + "\" (expected: one of "
                                                + SourceEncoding.words()
                                                + ")")));
    }

    /// The spans by trace, in order of first appearance.
    ///
    /// @throws MalformedSpansException when the value is not in that encoding
    Split split(SourceEncoding encoding, ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        var body = value == null ? Slice.EMPTY : Slice.of(value);
        long millis = Math.max(0, record.timestamp());
        long nanos = Math.multiplyExact(Math.min(millis, Long.MAX_VALUE / 1_000_000), 1_000_000);
        var otlp = translation.toOtlp(encoding.format(body), body, nanos);
        return (millis == 0 ? TIMELESS : SPLITTER).split(otlp, nanos);
    }
}
