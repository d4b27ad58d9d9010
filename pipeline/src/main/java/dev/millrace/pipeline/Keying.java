package dev.millrace.pipeline;

import dev.millrace.wire.otlp.Grouping;
import org.apache.kafka.common.header.Headers;

/// How spans are spread over the partitions of `spans`, and what one record of it holds.
///
/// A record says by a header how it came to its partition, unless that was by trace id. Records of
/// different keyings may lie in one partition; only [#ROUND_ROBIN] ones keep an aggregator from
/// working.
public enum Keying {

    /// Spans of one trace in a record, its key the trace id.
    TRACE_ID("trace-id"),

    /// Spans of many traces of one partition in a record, its key the partition's number as text:
    /// the cheapest, because a record costs much the same however much it holds.
    PACKED("packed"),

    /// Spans of any traces in a record without a key, on one partition after the other: a buffer
    /// for the ingester's `spans` feed and nothing else, because the spans of a trace lie anywhere.
    ROUND_ROBIN("round-robin");

    private final String word;

    Keying(String word) {
        this.word = word;
    }

    /// As it stands in configuration and in the header.
    public String word() {
        return word;
    }

    /// How requests come to be split for it.
    Grouping grouping(int partitions) {
        return switch (this) {
            case TRACE_ID -> Grouping.TRACE;
            case PACKED ->
                    Grouping.numbered(
                            partitions, (high, low) -> TraceKey.partition(high, low, partitions));
            case ROUND_ROBIN -> Grouping.WHOLE;
        };
    }

    /// The keying that a record's headers tell of.
    ///
    /// @throws IllegalArgumentException when it is none of these
    static Keying of(Headers headers) {
        String found = RecordHeaders.text(headers, RecordHeaders.KEYING);
        if (found == null) {
            return TRACE_ID;
        }
        for (Keying keying : values()) {
            if (keying.word.equals(found)) {
                return keying;
            }
        }
        throw new IllegalArgumentException(
                RecordHeaders.KEYING
                        + ": \""
                        + found
                        + "\" (expected: trace-id, packed, round-robin or no such header)");
    }
}
