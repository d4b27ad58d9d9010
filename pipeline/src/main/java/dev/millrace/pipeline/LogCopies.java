package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.PackedSpans;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.Split;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// How many copies of spans a record of `spans` holds, by the rule of all accounts: what cannot be
/// read counts as one, be it a record or one trace's share of it. Spans of a foreign record that
/// were rejected count as what they are.
final class LogCopies {

    /// What counts for a record, or one trace's share of it, that cannot be read.
    static final int UNREADABLE = 1;

    /// The copies of one trace.
    ///
    /// @param traceId null where it cannot be told
    record Share(@Nullable TraceId traceId, int copies) {}

    private LogCopies() {}

    /// What a record holds, by trace.
    static List<Share> of(ConsumerRecord<byte[], byte[]> record, ForeignRecords foreign) {
        if (RecordHeaders.has(record.headers(), RecordHeaders.MARKER)) {
            return List.of();
        }
        try {
            var _ = RecordHeaders.tenant(record.headers());
            var encoding = foreign.encoding(record);
            if (encoding.isPresent()) {
                return of(foreign.split(encoding.get(), record));
            }
            if (record.value() == null) {
                return List.of(new Share(null, UNREADABLE));
            }
            var body = Slice.of(record.value());
            if (Keying.of(record.headers()) == Keying.TRACE_ID) {
                var traceId = TraceKey.parse(record.key());
                return List.of(
                        traceId == null
                                ? new Share(null, UNREADABLE)
                                : new Share(traceId, of(new TraceChunk(traceId, body, 0))));
            }
            var shares = new ArrayList<Share>();
            for (var chunk : PackedSpans.byTrace(body)) {
                shares.add(new Share(chunk.traceId(), of(chunk)));
            }
            return shares;
        } catch (IllegalArgumentException | MalformedSpansException _) {
            return List.of(new Share(null, UNREADABLE));
        }
    }

    private static List<Share> of(Split split) {
        var shares = new ArrayList<Share>();
        split.chunks().forEach(chunk -> shares.add(new Share(chunk.traceId(), chunk.spans())));
        if (split.rejectedSpans() > 0) {
            shares.add(new Share(null, split.rejectedSpans()));
        }
        return shares.isEmpty() ? List.of(new Share(null, UNREADABLE)) : shares;
    }

    /// All that a record holds.
    static int sum(ConsumerRecord<byte[], byte[]> record, ForeignRecords foreign) {
        return of(record, foreign).stream().mapToInt(Share::copies).sum();
    }

    /// What a chunk holds.
    static int of(TraceChunk chunk) {
        try {
            var index = new SpanIndex();
            index.add(chunk.traceId(), chunk.body());
            return index.size();
        } catch (MalformedSpansException _) {
            return UNREADABLE;
        }
    }

    /// Whose spans they are; the default tenant's where that cannot be told.
    static Tenant tenant(ConsumerRecord<byte[], byte[]> record) {
        try {
            return RecordHeaders.tenant(record.headers());
        } catch (IllegalArgumentException _) {
            return Tenant.DEFAULT;
        }
    }
}
