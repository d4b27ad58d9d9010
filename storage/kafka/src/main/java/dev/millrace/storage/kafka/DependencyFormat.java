package dev.millrace.storage.kafka;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.model.Slice;
import dev.millrace.pipeline.ZipkinLinks;

/// How the records of a topic say which service called which.
public enum DependencyFormat {

    /// What the aggregator adds to the figures: each minute is that of the spans themselves.
    MILLRACE {
        @Override
        DependencyDelta read(byte[] value, long timestamp) {
            return DependencyDelta.decode(Slice.of(value));
        }
    },

    /// One of Zipkin's links in JSON, as zipkin-storage-kafka writes one for each link of a trace.
    ///
    /// It says nothing of when the calls were, so they count in the minute of the record, and
    /// nothing of a tenant.
    ZIPKIN {
        @Override
        DependencyDelta read(byte[] value, long timestamp) {
            return ZipkinLinks.read(value, timestamp, NOWHERE);
        }
    };

    private static final Origin NOWHERE = new Origin("", 0, 0);

    /// What a record adds.
    ///
    /// @param timestamp of the record, in milliseconds since the epoch; at least 0
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the value is none of this
    ///   format, or as an IllegalArgumentException when it names a tenant that nobody can have
    abstract DependencyDelta read(byte[] value, long timestamp);
}
