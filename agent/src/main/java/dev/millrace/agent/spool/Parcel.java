package dev.millrace.agent.spool;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;

/// Spans of one tenant, packed as they are sent: what the spool keeps and the collector gets.
///
/// @param packing how the body is compressed
/// @param spans how many spans are in it
/// @param size the bytes of the body before compression
/// @param body OTLP `TracesData`, compressed
public record Parcel(Tenant tenant, Packing packing, int spans, int size, Slice body) {

    public Parcel {
        if (spans < 1) {
            throw new IllegalArgumentException("spans: " + spans + " (expected: at least 1)");
        }
        if (size < 0) {
            throw new IllegalArgumentException("size: " + size + " (expected: 0 or more)");
        }
    }

    /// Whether one body after the other reads like one: OTLP and all packings may be concatenated.
    public boolean joins(Parcel other) {
        return packing == other.packing && tenant.equals(other.tenant);
    }
}
