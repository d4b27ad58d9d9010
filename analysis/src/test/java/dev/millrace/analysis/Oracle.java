package dev.millrace.analysis;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The same figures of a trace, told from objects and as slowly as it is simple.
final class Oracle {

    private static final List<String> DATABASE =
            List.of("db.namespace", "db.name", "db.system.name", "db.system");

    private final Map<Series, Figures> figures = new HashMap<>();

    Map<Series, Figures> figures() {
        return figures;
    }

    void add(List<Span> trace) {
        var callers = new HashMap<Span, Span>();
        var busy = new HashSet<Span>();
        for (var span : trace) {
            count(new Operation(service(span), span.name(), span.kind()), span, duration(span));
            var above = half(span, trace).or(() -> parent(span, trace));
            above.filter(caller -> isCall(caller, span))
                    .ifPresent(caller -> {
                        callers.put(span, caller);
                        busy.add(caller);
                    });
            // A client within a client does its work.
            above.filter(caller -> asks(caller) && asks(span) && !isCall(caller, span))
                    .ifPresent(busy::add);
        }
        for (var span : trace) {
            var caller = callers.get(span);
            if (caller != null) {
                call(caller, span);
            } else if (receives(span) && !linked(span, trace, busy)) {
                fromOutside(span, trace);
            }
        }
        for (var span : trace) {
            if (asks(span) && !busy.contains(span)) {
                toOutside(span);
            }
        }
    }

    private boolean linked(Span span, List<Span> trace, Set<Span> busy) {
        if (span.kind() != SpanKind.CONSUMER) {
            return false;
        }
        var senders = new ArrayList<Span>();
        for (var link : span.links()) {
            trace.stream()
                    .filter(other ->
                            other.traceId().equals(link.traceId())
                                    && other.spanId().equals(link.spanId())
                                    && other.kind() == SpanKind.PRODUCER)
                    .findFirst()
                    .ifPresent(senders::add);
        }
        busy.addAll(senders);
        senders.forEach(sender -> call(sender, span));
        return !senders.isEmpty();
    }

    private static Optional<Span> half(Span span, List<Span> trace) {
        return receives(span)
                ? trace.stream()
                        .filter(other ->
                                !other.equals(span)
                                        && other.spanId().equals(span.spanId())
                                        && asks(other))
                        .findFirst()
                : Optional.empty();
    }

    private static Optional<Span> parent(Span span, List<Span> trace) {
        Comparator<Span> own =
                Comparator.comparing((Span other) -> service(other).equals(service(span)));
        Comparator<Span> called = Comparator.comparing(Oracle::receives);
        return trace.stream()
                .filter(other -> !other.equals(span) && other.spanId().equals(span.parentSpanId()))
                .max(receives(span) ? called.thenComparing(own) : own.thenComparing(called));
    }

    private static boolean isCall(Span from, Span to) {
        return !service(from).equals(service(to)) || (receives(to) && asks(from));
    }

    private void call(Span from, Span to) {
        boolean messages = from.kind() == SpanKind.PRODUCER || to.kind() == SpanKind.CONSUMER;
        long nanos =
                messages
                        ? Math.max(0, to.startNanos() - from.startNanos())
                        : duration(asks(from) ? from : to);
        figures(
                        new Dependency(
                                service(from),
                                service(to),
                                messages ? Connection.MESSAGING : Connection.PLAIN))
                .add(Figures.UNIT, failed(to) || (asks(from) && failed(from)), nanos);
    }

    private void fromOutside(Span span, List<Span> trace) {
        if (parent(span, trace).isPresent()) {
            return;
        }
        boolean consumer = span.kind() == SpanKind.CONSUMER;
        var keys = consumer ? List.of("peer.service", "messaging.system") : List.of("peer.service");
        String from = first(span, keys);
        if (from.isEmpty() && !consumer && span.parentSpanId() == null) {
            from = "user";
        }
        if (!from.isEmpty()) {
            count(
                    new Dependency(
                            from,
                            service(span),
                            consumer ? Connection.MESSAGING : Connection.VIRTUAL),
                    span,
                    duration(span));
        }
    }

    private void toOutside(Span span) {
        var keys = new ArrayList<>(List.of("peer.service"));
        keys.addAll(DATABASE);
        keys.addAll(List.of("messaging.system", "server.address", "net.peer.name"));
        String to = first(span, keys);
        var connection =
                !first(span, DATABASE).isEmpty()
                        ? Connection.DATABASE
                        : first(span, List.of("messaging.system")).isEmpty()
                                ? Connection.VIRTUAL
                                : Connection.MESSAGING;
        if (!to.isEmpty()) {
            count(new Dependency(service(span), to, connection), span, duration(span));
        }
    }

    private static String first(Span span, List<String> keys) {
        for (String key : keys) {
            if (span.attributes().find(key).orElse(null) instanceof AttributeValue.Text(String text)
                    && !text.isEmpty()
                    && !(key.startsWith("db.na") && text.matches("[0-9]+"))) {
                return text;
            }
        }
        return "";
    }

    private void count(Series series, Span span, long nanos) {
        figures(series).add(Figures.UNIT, failed(span), nanos);
    }

    private Figures figures(Series series) {
        return figures.computeIfAbsent(series, _ -> new Figures(false));
    }

    private static String service(Span span) {
        return span.resource().serviceName();
    }

    private static long duration(Span span) {
        return Math.max(0, span.endNanos() - span.startNanos());
    }

    private static boolean failed(Span span) {
        return span.status().code() == Status.Code.ERROR;
    }

    private static boolean asks(Span span) {
        return span.kind() == SpanKind.CLIENT || span.kind() == SpanKind.PRODUCER;
    }

    private static boolean receives(Span span) {
        return span.kind() == SpanKind.SERVER || span.kind() == SpanKind.CONSUMER;
    }
}
