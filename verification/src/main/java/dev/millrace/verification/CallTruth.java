package dev.millrace.verification;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.load.traffic.Workload;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Who called whom how often in what a generator made, counted from its spans and nothing else.
///
/// Of the links that Millrace tells apart these are the ones with two ends that send spans, and the
/// calls of users. What is known of an end that sends none is a matter of how attributes are read,
/// and is left out here and in the answers that are compared with it.
///
/// @param calls by caller, callee and connection
record CallTruth(Map<String, Long> calls) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String USER = "user";

    CallTruth {
        calls = Map.copyOf(calls);
    }

    /// Makes rounds until all traces of a run have come up.
    ///
    /// @param sent what the run sent, all of it
    /// @throws IllegalStateException when the run sent something else than the workload has
    static CallTruth of(Workload workload, Set<TraceId> sent) {
        var spans = new HashMap<TraceId, List<Span>>();
        var left = new HashSet<>(sent);
        while (!left.isEmpty()) {
            int before = left.size();
            for (var request : workload.next(System.currentTimeMillis() * 1_000_000)) {
                for (var span : OtlpDecoder.spans(request.otlp())) {
                    left.remove(span.traceId());
                    spans.computeIfAbsent(span.traceId(), _ -> new ArrayList<>()).add(span);
                }
            }
            if (left.size() == before) {
                throw new IllegalStateException(
                        left.size() + " traces sent that the generator does not make");
            }
        }
        if (spans.size() != sent.size()) {
            throw new IllegalStateException(
                    spans.size() + " traces made (expected: " + sent.size() + ", as were sent)");
        }
        var calls = new TreeMap<String, Long>();
        spans.values().forEach(trace -> count(trace, calls));
        return new CallTruth(calls);
    }

    private static void count(List<Span> trace, Map<String, Long> calls) {
        var byId = new HashMap<SpanId, Span>();
        trace.forEach(span -> byId.put(span.spanId(), span));
        for (var span : trace) {
            var parentId = span.parentSpanId();
            var parent = parentId == null ? null : byId.get(parentId);
            if (parent == null) {
                if (parentId == null && span.kind() == SpanKind.SERVER) {
                    add(USER, span.serviceName(), "virtual", calls);
                }
            } else if (parent.kind() == SpanKind.PRODUCER || span.kind() == SpanKind.CONSUMER) {
                add(parent.serviceName(), span.serviceName(), "messaging", calls);
            } else if (!parent.serviceName().equals(span.serviceName())
                    || (parent.kind() == SpanKind.CLIENT && span.kind() == SpanKind.SERVER)) {
                add(parent.serviceName(), span.serviceName(), "plain", calls);
            }
        }
    }

    private static void add(
            String caller, String callee, String connection, Map<String, Long> calls) {
        calls.merge(name(caller, callee, connection), 1L, Long::sum);
    }

    private static String name(String caller, String callee, String connection) {
        return caller + " -> " + callee + " (" + connection + ")";
    }

    long total() {
        return calls.values().stream().mapToLong(Long::longValue).sum();
    }

    /// What an answer of `/v1/dependencies` says otherwise.
    ///
    /// @return empty when it says the same of all links that are known here
    List<String> differences(Slice answer) throws IOException {
        var told = new TreeMap<String, Long>();
        var root = JSON.readTree(answer.toByteArray());
        for (var link : root.path("links")) {
            String caller = link.path("caller").asText();
            String connection = link.path("connection").asText();
            String name = name(caller, link.path("callee").asText(), connection);
            if (connection.equals("plain") || calls.containsKey(name) || caller.equals(USER)) {
                told.put(name, link.path("calls").asLong());
            }
        }
        var differences = new ArrayList<String>();
        if (root.path("partial").asBoolean()) {
            differences.add("partial: " + root.path("reasons"));
        }
        var names = new TreeSet<>(calls.keySet());
        names.addAll(told.keySet());
        for (String name : names) {
            long there = told.getOrDefault(name, 0L);
            long wanted = calls.getOrDefault(name, 0L);
            if (there != wanted) {
                differences.add(name + ": " + there + " (expected: " + wanted + ")");
            }
        }
        return differences;
    }
}
