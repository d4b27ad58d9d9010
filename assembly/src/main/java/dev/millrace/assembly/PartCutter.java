package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.TreeSet;

/// Cuts the records of one trace, in the order of the log, into parts of bounded size, duplicates
/// removed and parents first, and sums them up.
///
/// Where the cuts fall depends on the records alone, so a trace read again is cut the same way.
final class PartCutter {

    /// Takes one part after another.
    @FunctionalInterface
    interface Parts {

        /// @param index the part's spans among others; holds until the next part is cut
        /// @param from the first of its spans in the order of the log
        /// @param spans the numbers of its spans
        void part(SpanIndex index, int from, int[] spans);
    }

    private final long maxBytes;
    private final int maxSpans;
    private final Parts parts;
    private final TraceId traceId;
    private final SpanIndex index;

    private boolean hasRoot;
    private long rootStart;
    private String rootService = "";
    private String rootOperation = "";
    private long start = -1;
    private long end;
    private int count;
    private int spans;
    private int errors;
    private int duplicates;
    private long bytes;
    private final TreeSet<String> services = new TreeSet<>();

    /// @param index is cleared and used; making one for every trace would cost more than filling it
    PartCutter(AssemblyConfig config, TraceId traceId, SpanIndex index, Parts parts) {
        this.traceId = traceId;
        this.index = index;
        index.clear();
        this.maxBytes = config.maxPartBytes().bytes();
        this.maxSpans = config.maxPartSpans();
        this.parts = parts;
    }

    /// Adds the spans of one record; full parts go out at once.
    ///
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the record is no body of this
    ///   trace; nothing of it is added then
    void add(Slice body) {
        index.add(traceId, body);
        if (index.spanBytes() > maxBytes || index.size() > maxSpans) {
            cutFullParts();
        }
    }

    private void cutFullParts() {
        int from = 0;
        long partBytes = 0;
        for (int i = 0; i < index.size(); i++) {
            if (i > from && (partBytes + index.length(i) > maxBytes || i - from == maxSpans)) {
                cut(from, i);
                from = i;
                partBytes = 0;
            }
            partBytes += index.length(i);
        }
        index.keepFrom(from);
    }

    /// Sends out what is left and returns the sum of all parts.
    Digest finish() {
        if (index.size() > 0) {
            cut(0, index.size());
        }
        return new Digest(
                rootService,
                rootOperation,
                hasRoot,
                Math.max(0, start),
                Math.max(0, end - Math.max(0, start)),
                spans,
                errors,
                duplicates,
                bytes,
                services.stream().toList());
    }

    private void cut(int from, int to) {
        int[] order = ParentsFirst.order(index, Duplicates.resolve(index, from, to));
        for (int i : order) {
            sumUp(i);
        }
        duplicates += to - from - order.length;
        bytes += GroupedSpans.size(index, order);
        count++;
        parts.part(index, from, order);
    }

    /// How many parts were cut.
    int count() {
        return count;
    }

    private void sumUp(int i) {
        String service = index.serviceOf(index.scope(i));
        boolean root = index.parent(i) == 0;
        boolean first = spans == 0;
        if (first || (root && !hasRoot) || (root == hasRoot && index.start(i) < rootStart)) {
            rootService = service;
            rootOperation = index.name(i).toText();
            rootStart = index.start(i);
        }
        hasRoot |= root;
        start = first ? index.start(i) : Math.min(start, index.start(i));
        end = first ? index.end(i) : Math.max(end, index.end(i));
        spans++;
        if (index.error(i)) {
            errors++;
        }
        services.add(service);
    }
}
