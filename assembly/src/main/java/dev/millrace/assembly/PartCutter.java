package dev.millrace.assembly;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import java.util.TreeSet;

/// Cuts the records of one trace, in the order of the log, into parts of bounded size, duplicates
/// removed and parents first, enriches them, and sums them up.
///
/// Where the cuts fall depends on the records alone, so a trace read again is cut the same way.
final class PartCutter {

    /// Takes one part after another.
    interface Parts {

        /// @param index the part's spans among others; holds until the next part is cut
        /// @param from the first of its spans in the order of the log
        /// @param spans the numbers of its spans
        /// @param minutes in which of the log's they came
        void part(SpanIndex index, int from, int[] spans, List<LogMinute> minutes);

        /// Hears in its place of a part that could not be enriched.
        ///
        /// @param index the part's spans among others, as they were sent
        void refused(SpanIndex index, int[] spans, List<LogMinute> minutes, Refusal refusal);
    }

    private final long maxBytes;
    private final int maxSpans;
    private final Parts parts;
    private final Enrichment enrichment;
    private final OpenTrace.Key key;
    private final boolean late;
    private final SpanIndex index;
    private final MinuteRuns runs = new MinuteRuns();

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
    private List<LogMinute> minutes = List.of();
    private final TreeSet<String> services = new TreeSet<>();

    /// @param enrichment what the parts go through
    /// @param late whether these are late spans of the trace
    /// @param index is cleared and used; making one for every trace would cost more than filling it
    PartCutter(
            AssemblyConfig config,
            Enrichment enrichment,
            OpenTrace.Key key,
            boolean late,
            SpanIndex index,
            Parts parts) {
        this.enrichment = enrichment;
        this.key = key;
        this.late = late;
        this.index = index;
        index.clear();
        this.maxBytes = config.maxPartBytes().bytes();
        this.maxSpans = config.maxPartSpans();
        this.parts = parts;
    }

    /// Adds the spans of one record; full parts go out at once.
    ///
    /// @param minute of the log in which the record came
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the record is no body of this
    ///   trace; nothing of it is added then
    void add(Slice body, long minute) {
        index.add(key.traceId(), body);
        runs.add(index.size(), minute);
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
        runs.keepFrom(from);
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
        duplicates += to - from - order.length;
        count++;
        var counted = runs.count(from, to, order);
        minutes = MinuteRuns.sum(minutes, counted);
        if (enrichment.isNone()) {
            sumUp(index, order);
            parts.part(index, from, order, counted);
            return;
        }
        try {
            var part = enrichment.apply(key.tenant(), key.traceId(), late, index, from, order);
            sumUp(part.index, part.spans);
            parts.part(part.index, part.from, part.spans, counted);
        } catch (RefusedException e) {
            sumUp(index, order);
            parts.refused(index, order, counted, e.refusal());
        }
    }

    /// In which of the log's minutes the spans came that were cut so far.
    List<LogMinute> minutes() {
        return minutes;
    }

    /// How many parts were cut.
    int count() {
        return count;
    }

    private void sumUp(SpanIndex of, int[] numbers) {
        for (int i : numbers) {
            sumUp(of, i);
        }
        bytes += GroupedSpans.size(of, numbers);
    }

    private void sumUp(SpanIndex of, int i) {
        String service = of.serviceOf(of.scope(i));
        boolean root = of.parent(i) == 0;
        boolean first = spans == 0;
        if (first || (root && !hasRoot) || (root == hasRoot && of.start(i) < rootStart)) {
            rootService = service;
            rootOperation = of.name(i).toText();
            rootStart = of.start(i);
        }
        hasRoot |= root;
        start = first ? of.start(i) : Math.min(start, of.start(i));
        end = first ? of.end(i) : Math.max(end, of.end(i));
        spans++;
        if (of.error(i)) {
            errors++;
        }
        services.add(service);
    }
}
