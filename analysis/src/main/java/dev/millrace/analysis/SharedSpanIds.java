package dev.millrace.analysis;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Tells apart the two halves of a call that share an id, as Zipkin's clients have them.
///
/// The server's half gets an id of its own, the least that no span of the trace has, and the
/// client's becomes its parent. What the server did goes with it: of the spans below the shared id
/// those of the client's service stay with the client's half, all others are the server's.
final class SharedSpanIds {

    private final List<Span> spans;
    private final Map<SpanId, Integer> clients = new HashMap<>();
    private final Map<Integer, Span> servers = new HashMap<>();
    private final Map<SpanId, List<Span>> serversById = new HashMap<>();
    private final Set<SpanId> taken = new HashSet<>();
    private long lastGiven;

    private SharedSpanIds(List<Span> spans) {
        this.spans = spans;
    }

    /// @return the same spans, of which no server shares its id with a client; parents first where
    ///   they were so before
    static List<Span> split(List<Span> spans) {
        return new SharedSpanIds(spans).split();
    }

    private List<Span> split() {
        for (int i = 0; i < spans.size(); i++) {
            var span = spans.get(i);
            taken.add(span.spanId());
            if (span.kind() == SpanKind.CLIENT) {
                clients.putIfAbsent(span.spanId(), i);
            }
        }
        for (int i = 0; i < spans.size(); i++) {
            var span = spans.get(i);
            if (span.kind() == SpanKind.SERVER && clients.containsKey(span.spanId())) {
                var half = span.toBuilder().spanId(nextFree()).parentSpanId(span.spanId()).build();
                servers.put(i, half);
                serversById.computeIfAbsent(span.spanId(), _ -> new ArrayList<>()).add(half);
            }
        }
        return servers.isEmpty() ? spans : parentsFirst();
    }

    private List<Span> parentsFirst() {
        var result = new ArrayList<Span>(spans.size());
        var early = new HashSet<Integer>();
        for (int i = 0; i < spans.size(); i++) {
            var server = servers.get(i);
            if (server == null) {
                if (!early.contains(i)) {
                    result.add(belowItsHalf(spans.get(i)));
                }
                continue;
            }
            var client = clients.get(spans.get(i).spanId());
            if (client != null && client > i && early.add(client)) {
                result.add(belowItsHalf(spans.get(client)));
            }
            result.add(server);
        }
        return result;
    }

    private Span belowItsHalf(Span span) {
        var server = serverAbove(span);
        return server == null ? span : span.toBuilder().parentSpanId(server.spanId()).build();
    }

    private @Nullable Span serverAbove(Span span) {
        var parent = span.parentSpanId();
        var halves = parent == null ? null : serversById.get(parent);
        if (halves == null) {
            return null;
        }
        var service = span.serviceName();
        for (var half : halves) {
            if (half.serviceName().equals(service)) {
                return half;
            }
        }
        var client = clients.get(parent);
        boolean ofTheClient = client != null && spans.get(client).serviceName().equals(service);
        return ofTheClient ? null : halves.getFirst();
    }

    private SpanId nextFree() {
        SpanId id;
        do {
            id = new SpanId(++lastGiven);
        } while (!taken.add(id));
        return id;
    }
}
