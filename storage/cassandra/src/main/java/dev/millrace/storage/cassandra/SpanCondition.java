package dev.millrace.storage.cassandra;

import dev.millrace.model.Attributes;
import dev.millrace.model.Span;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.util.function.Predicate;

/// Whether one span meets everything a search asks for.
record SpanCondition(TraceSearch search) implements Predicate<Span> {

    @Override
    public boolean test(Span span) {
        String service = search.service();
        String operation = search.operation();
        var kind = search.kind();
        var status = search.status();
        return span.startNanos() >= search.startNanos()
                && span.startNanos() <= search.endNanos()
                && (search.minDurationNanos() == 0
                        || span.durationNanos() >= search.minDurationNanos())
                && span.durationNanos() <= search.maxDurationNanos()
                && (kind == null || span.kind() == kind)
                && (status == null || span.status().code() == status)
                && (operation == null || span.name().equals(operation))
                && (service == null || span.serviceName().equals(service))
                && search.attributes().stream().allMatch(match -> holds(match, span));
    }

    private static boolean holds(AttributeMatch match, Span span) {
        return SpanAttributes.of(span).anyMatch(attributes -> holds(match, attributes));
    }

    private static boolean holds(AttributeMatch match, Attributes attributes) {
        for (var attribute : attributes) {
            if (attribute.key().equals(match.key())
                    && attribute.value().toString().equals(match.value())) {
                return true;
            }
        }
        return false;
    }
}
