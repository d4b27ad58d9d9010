package dev.millrace.assembly;

import dev.millrace.enrichment.api.Enricher;
import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;

/// The enrichers that complete traces go through before they are judged, in their order.
///
/// Immutable; as safe for threads as the enrichers are.
public final class Enrichment {

    /// Leaves every trace as it is, at no cost.
    public static final Enrichment NONE = new Enrichment(List.of());

    /// Stands for an enricher in the refusal of spans that cannot be shown to one.
    public static final String DECODING = "decoding";

    /// The same for traces that are too large afterwards.
    public static final String SIZE = "size";

    /// The same for late spans of a trace that was refused.
    public static final String EARLIER = "earlier";

    /// The largest record, with what the trace state of each span may still take.
    private static final long MOST_BYTES = 8 << 20;

    private static final long STATE_BYTES = 64;

    /// An enricher and what it is called.
    public record Step(String name, Enricher enricher) {}

    private final List<Step> steps;

    public Enrichment(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /// What they are called, in their order.
    public List<String> names() {
        return steps.stream().map(Step::name).toList();
    }

    boolean isNone() {
        return steps.isEmpty();
    }

    /// The spans of a part as they are afterwards.
    ///
    /// @param from the first of its spans in the order of the log
    /// @param order the numbers of its spans
    /// @throws RefusedException when an enricher failed, or what it made is too large
    EnrichedPart apply(
            Tenant tenant, TraceId traceId, boolean late, SpanIndex index, int from, int[] order)
            throws RefusedException {
        String at = DECODING;
        try {
            var body = GroupedSpans.write(index, order);
            var draft = new TraceDraft(tenant, new Trace(traceId, OtlpDecoder.spans(body)), late);
            for (var step : steps) {
                at = step.name();
                step.enricher().enrich(draft);
            }
            at = SIZE;
            return draft.isChanged()
                    ? changed(traceId, DraftWriter.write(body, draft), body, index, from, order)
                    : new EnrichedPart(index, from, order);
        } catch (RefusedException e) {
            throw e;
        } catch (MalformedSpansException e) {
            throw new RefusedException(new Refusal(at, String.valueOf(e.getMessage())));
        } catch (Exception | StackOverflowError | LinkageError | AssertionError e) {
            // Whatever a stranger's code does, it concerns this trace only.
            throw new RefusedException(new Refusal(at, e.toString()));
        }
    }

    private static EnrichedPart changed(
            TraceId traceId, Slice body, Slice sent, SpanIndex index, int from, int[] order)
            throws RefusedException {
        long most = Math.max(sent.length(), MOST_BYTES - STATE_BYTES * order.length);
        if (body.length() > most) {
            throw new RefusedException(
                    new Refusal(
                            SIZE,
                            body.length()
                                    + " bytes after enrichment (expected: at most "
                                    + most
                                    + ")"));
        }
        var enriched = new SpanIndex();
        enriched.add(traceId, body);
        int[] spans = new int[order.length];
        int first = -1;
        for (int i = 0; i < order.length; i++) {
            spans[i] = i;
            first = order[i] == from ? i : first;
        }
        if (first < 0) {
            // A copy that was left out; what is asked about it does not change.
            first = enriched.size();
            enriched.add(traceId, GroupedSpans.write(index, new int[] {from}));
        }
        return new EnrichedPart(enriched, first, spans);
    }
}
