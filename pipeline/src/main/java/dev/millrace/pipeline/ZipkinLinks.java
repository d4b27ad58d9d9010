package dev.millrace.pipeline;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.zipkin.ZipkinLink;
import dev.millrace.wire.zipkin.ZipkinSpan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// Figures of services as the records of `zipkin-dependency`, and those records as figures.
///
/// No Kafka but its records, no clock, no threads.
public final class ZipkinLinks {

    /// A record to write.
    ///
    /// @param minute in which calls began, minutes since the epoch; 0 for none in particular
    record Linked(long minute, ZipkinLink link) {

        /// As zipkin-storage-kafka has it.
        String key() {
            return link.parent() + ":" + link.child();
        }
    }

    private record Pair(long minute, String parent, String child) {}

    /// As many as figures can hold.
    private static final long MAX_CALLS = 1L << 42;

    private ZipkinLinks() {}

    /// The links among figures, by what Zipkin knows of them: names in lower case, and nobody where
    /// the caller is unknown. Calls that stand for others count for those, rounded.
    static List<Linked> of(DependencyDelta delta) {
        var sums = new LinkedHashMap<Pair, Figures>();
        for (var entry : delta.entries()) {
            if (entry.series() instanceof Dependency link && isCall(link)) {
                sums.computeIfAbsent(
                                new Pair(
                                        entry.minute(),
                                        ZipkinSpan.lower(link.caller()),
                                        ZipkinSpan.lower(link.callee())),
                                _ -> Figures.ofCalls(0))
                        .add(entry.figures());
            }
        }
        var links = new ArrayList<Linked>(sums.size());
        sums.forEach((pair, figures) -> {
            long calls = Math.round(figures.calls());
            if (calls > 0) {
                links.add(
                        new Linked(
                                pair.minute(),
                                new ZipkinLink(
                                        pair.parent(),
                                        pair.child(),
                                        calls,
                                        Math.round(figures.errors()))));
            }
        });
        return links;
    }

    private static boolean isCall(Dependency link) {
        return !link.caller().isEmpty()
                && !link.callee().isEmpty()
                && (link.connection() != Connection.VIRTUAL
                        || !link.caller().equals(Dependency.USER));
    }

    /// What the value of a record of `zipkin-dependency` says: calls of the minute that it is
    /// stamped with, for there is nothing else to tell it by.
    ///
    /// @param timestamp of the record, in milliseconds since the epoch
    /// @param origin where the record lies
    /// @throws MalformedSpansException when it is no link
    public static DependencyDelta read(byte[] value, long timestamp, Origin origin) {
        var link = ZipkinLink.parse(Slice.of(value));
        if (link.calls() > MAX_CALLS || link.errors() > MAX_CALLS) {
            throw new MalformedSpansException(
                    "link: %d calls, %d errors (expected: at most %d)"
                            .formatted(link.calls(), link.errors(), MAX_CALLS));
        }
        long minute = Math.max(0, Math.floorDiv(timestamp, 60_000));
        return new DependencyDelta(
                Tenant.DEFAULT,
                origin,
                List.of(
                        new Entry(
                                DependencyDelta.checkedMinute(minute),
                                new Dependency(link.parent(), link.child(), Connection.PLAIN),
                                Figures.ofCalls(link.calls(), link.errors()))));
    }
}
