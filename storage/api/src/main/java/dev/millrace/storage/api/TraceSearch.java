package dev.millrace.storage.api;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What to look for: a trace matches when one of its spans meets every condition that is set.
///
/// Bounds are inclusive, in nanoseconds; the time bounds apply to the start of the matching span.
///
/// @param service null for any
/// @param operation null for any
/// @param kind null for any
/// @param status null for any
/// @param attributes must all hold on the same span
/// @param minDurationNanos 0 for none
/// @param maxDurationNanos [Long#MAX_VALUE] for none
/// @param startNanos earliest start, nanoseconds since the epoch
/// @param endNanos latest start, nanoseconds since the epoch
/// @param limit at most this many traces, 1 to 10,000
/// @param after null for the first page
public record TraceSearch(
        @Nullable String service,
        @Nullable String operation,
        @Nullable SpanKind kind,
        Status.@Nullable Code status,
        List<AttributeMatch> attributes,
        long minDurationNanos,
        long maxDurationNanos,
        long startNanos,
        long endNanos,
        int limit,
        @Nullable Cursor after) {

    /// The greatest limit a search may ask for.
    public static final int MAX_LIMIT = 10_000;

    /// An attribute that must be present with this value, compared as text: on the span, one of its
    /// events or links, its scope or its resource.
    public record AttributeMatch(String key, String value) {}

    public TraceSearch {
        attributes = List.copyOf(attributes);
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException(
                    "limit: " + limit + " (expected: 1 to " + MAX_LIMIT + ")");
        }
    }

    /// Another page of the same search.
    ///
    /// @param size at most this many traces
    /// @param begin null for the first page
    public TraceSearch page(int size, @Nullable Cursor begin) {
        return new TraceSearch(
                service,
                operation,
                kind,
                status,
                attributes,
                minDurationNanos,
                maxDurationNanos,
                startNanos,
                endNanos,
                size,
                begin);
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Collects the conditions of a [TraceSearch]; whatever is not set does not restrict. The limit
    /// is 20 unless told otherwise. Not safe for threads.
    public static final class Builder {
        private @Nullable String service;
        private @Nullable String operation;
        private @Nullable SpanKind kind;
        private Status.@Nullable Code status;
        private List<AttributeMatch> attributes = List.of();
        private long minDurationNanos;
        private long maxDurationNanos = Long.MAX_VALUE;
        private long startNanos;
        private long endNanos = Long.MAX_VALUE;
        private int limit = 20;
        private @Nullable Cursor after;

        private Builder() {}

        public Builder service(@Nullable String service) {
            this.service = service;
            return this;
        }

        public Builder operation(@Nullable String operation) {
            this.operation = operation;
            return this;
        }

        public Builder kind(@Nullable SpanKind kind) {
            this.kind = kind;
            return this;
        }

        public Builder status(Status.@Nullable Code status) {
            this.status = status;
            return this;
        }

        public Builder attributes(List<AttributeMatch> attributes) {
            this.attributes = attributes;
            return this;
        }

        public Builder duration(long minNanos, long maxNanos) {
            this.minDurationNanos = minNanos;
            this.maxDurationNanos = maxNanos;
            return this;
        }

        public Builder start(long earliestNanos, long latestNanos) {
            this.startNanos = earliestNanos;
            this.endNanos = latestNanos;
            return this;
        }

        public Builder limit(int limit) {
            this.limit = limit;
            return this;
        }

        public Builder after(@Nullable Cursor after) {
            this.after = after;
            return this;
        }

        public TraceSearch build() {
            return new TraceSearch(
                    service,
                    operation,
                    kind,
                    status,
                    attributes,
                    minDurationNanos,
                    maxDurationNanos,
                    startNanos,
                    endNanos,
                    limit,
                    after);
        }
    }
}
