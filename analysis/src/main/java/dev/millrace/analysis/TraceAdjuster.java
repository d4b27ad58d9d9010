package dev.millrace.analysis;

import dev.millrace.model.Event;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Makes of a stored trace what people want to look at: halves of a call that share an id are told
/// apart, clocks agree, events stand in order, and addresses can be read.
///
/// Immutable and safe for use by any number of threads.
public final class TraceAdjuster {

    /// Traces of more spans are left as they are.
    public static final int MAX_SPANS = 100_000;

    private static final Comparator<Event> BY_TIME = Comparator.comparingLong(Event::timeNanos);

    private final long maxClockSkewNanos;

    /// @param maxClockSkew the most by which the times of a span may be moved; zero for not at all
    public TraceAdjuster(Duration maxClockSkew) {
        if (maxClockSkew.isNegative()) {
            throw new IllegalArgumentException(
                    "max clock skew: " + maxClockSkew + " (expected: zero or more)");
        }
        this.maxClockSkewNanos = maxClockSkew.toNanos();
    }

    public AdjustedTrace adjust(Trace trace) {
        if (trace.spans().size() > MAX_SPANS) {
            return new AdjustedTrace(trace, Map.of(), true);
        }
        List<Span> spans = new ArrayList<>(SharedSpanIds.split(trace.spans()));
        var remarks = new ClockSkew(spans, maxClockSkewNanos).correct();
        spans.replaceAll(TraceAdjuster::readable);
        return new AdjustedTrace(new Trace(trace.traceId(), spans), remarks, false);
    }

    private static Span readable(Span span) {
        var attributes = IpAddresses.readable(span.attributes());
        boolean ordered = isOrdered(span.events());
        if (ordered && attributes.equals(span.attributes())) {
            return span;
        }
        var events = ordered ? span.events() : span.events().stream().sorted(BY_TIME).toList();
        return span.toBuilder()
                .attributes(attributes, span.droppedAttributes())
                .events(events, span.droppedEvents())
                .build();
    }

    private static boolean isOrdered(List<Event> events) {
        for (int i = 1; i < events.size(); i++) {
            if (BY_TIME.compare(events.get(i - 1), events.get(i)) > 0) {
                return false;
            }
        }
        return true;
    }
}
