package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.storage.api.TraceStore;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// The third version of Jaeger's API, over HTTP, as of Jaeger 2.20: OpenTelemetry's traces in JSON.
///
/// Each parameter has a name in camelCase and an older one in snake_case; the former goes first.
/// Parameters it does not know are ignored, as they are there.
final class JaegerV3Api {

    private static final String EXPECTED_TIME = "an RFC 3339 time such as 2026-11-21T03:00:00Z";
    private static final String NOTHING_FOUND = "No traces found";

    private final TraceStore store;
    private final JaegerTraces traces;
    private final JaegerDependencies dependencies;
    private final int maxTraces;

    JaegerV3Api(TraceStore store, JaegerTraces traces, int maxTraces) {
        this.store = store;
        this.traces = traces;
        this.dependencies = new JaegerDependencies(store);
        this.maxTraces = maxTraces;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/api/v3/traces/{id}", "trace", this::trace);
        routes.get("/api/v3/traces", "search", this::search);
        routes.get("/api/v3/trace-summaries", "summaries", this::summaries);
        routes.get("/api/v3/services", "services", this::services);
        routes.get("/api/v3/operations", "operations", this::operations);
        routes.get("/api/v3/dependencies", "dependencies", this::dependencies);
    }

    private Answer trace(Parameters parameters) {
        var id = JaegerIds.traceId("trace_id", parameters.variable("id"));
        // Hints where to look, which our stores do not need; still, nonsense is not let through.
        time(parameters, "startTime", "start_time");
        time(parameters, "endTime", "end_time");
        boolean raw = parameters.flag(name(parameters, "rawTraces", "raw_traces"));
        return traces.byId(parameters.tenant(), id, raw)
                .map(trace -> found(trace.parts()))
                .orElseThrow(() -> new QueryException(HttpStatus.NOT_FOUND, NOTHING_FOUND));
    }

    private Answer search(Parameters parameters) {
        boolean raw = parameters.flag(name(parameters, "query.rawTraces", "query.raw_traces"));
        var found = traces.search(parameters.tenant(), searchOf(parameters), raw);
        if (found.isEmpty()) {
            throw new QueryException(HttpStatus.NOT_FOUND, NOTHING_FOUND);
        }
        return found(found::iterator);
    }

    private static Answer found(Supplier<Iterator<AdjustedTrace>> traces) {
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeObjectFieldStart("result");
            json.writeArrayFieldStart("resourceSpans");
            for (var each = traces.get(); each.hasNext(); ) {
                OtlpJson.writeGroups(json, OtlpJson.Spelling.OTLP, spans(each.next()));
            }
            json.writeEndArray();
            json.writeEndObject();
            json.writeEndObject();
        });
    }

    /// The spans of a trace with their warnings in attributes.
    static List<Span> spans(AdjustedTrace trace) {
        return IntStream.range(0, trace.trace().spans().size())
                .mapToObj(place -> JaegerWarnings.asAttribute(trace, place))
                .toList();
    }

    private Answer summaries(Parameters parameters) {
        // Summarised here, so that the traces themselves can go before the answer is read.
        var summaries =
                traces.found(parameters.tenant(), searchOf(parameters)).stream()
                        .map(JaegerV3Summary::of)
                        .toList();
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("summaries");
            for (var summary : summaries) {
                summary.writeTo(json);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private JaegerSearch searchOf(Parameters parameters) {
        if (parameters.text("query.filter").isPresent()) {
            throw new QueryException(
                    HttpStatus.NOT_IMPLEMENTED,
                    "query.filter: not supported (expected: query.attributes and its like)");
        }
        var from = name(parameters, "query.startTimeMin", "query.start_time_min");
        var to = name(parameters, "query.startTimeMax", "query.start_time_max");
        long start = requiredTime(parameters, from);
        long end = requiredTime(parameters, to);
        if (start > end) {
            throw QueryException.invalid(
                    from,
                    parameters.text(from).orElse(""),
                    "not after " + to + ", " + parameters.text(to).orElse(""));
        }
        var least = name(parameters, "query.durationMin", "query.duration_min");
        var most = name(parameters, "query.durationMax", "query.duration_max");
        long minDuration = parameters.durationNanos(least).orElse(0L);
        long maxDuration = parameters.durationNanos(most).orElse(0L);
        if (maxDuration > 0 && minDuration > maxDuration) {
            throw QueryException.invalid(
                    most,
                    parameters.text(most).orElse(""),
                    "at least " + least + ", " + parameters.text(least).orElse(""));
        }
        return new JaegerSearch(
                text(parameters, "query.serviceName", "query.service_name").orElse(null),
                text(parameters, "query.operationName", "query.operation_name").orElse(null),
                parameters
                        .text("query.attributes")
                        .map(text -> JaegerTags.object("query.attributes", text))
                        .orElse(Map.of()),
                start,
                end,
                minDuration,
                maxDuration,
                depth(parameters));
    }

    private int depth(Parameters parameters) {
        var name = name(parameters, "query.searchDepth", "query.search_depth", "query.num_traces");
        return parameters
                .read(
                        name,
                        "1 to " + maxTraces,
                        text ->
                                Parameters.toLong(text)
                                        .filter(depth -> depth >= 1 && depth <= maxTraces))
                .map(Long::intValue)
                .orElse(Math.min(JaegerSearch.DEFAULT_LIMIT, maxTraces));
    }

    private Answer services(Parameters parameters) {
        var services = store.services(parameters.tenant());
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("services");
            for (var service : services) {
                json.writeString(service);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private Answer operations(Parameters parameters) {
        var service =
                parameters
                        .text("service")
                        .orElseThrow(() ->
                                QueryException.invalid(
                                        "service", "missing", "the name of a service"));
        var kind = parameters.kind(name(parameters, "spanKind", "span_kind"));
        var operations =
                store.operations(parameters.tenant(), service).stream()
                        .filter(operation -> kind.isEmpty() || operation.kind() == kind.get())
                        .toList();
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("operations");
            for (var operation : operations) {
                json.writeStartObject();
                json.writeStringField("name", operation.name());
                // What has no kind is internal here.
                json.writeStringField(
                        "spanKind",
                        JaegerJson.text(
                                operation.kind() == SpanKind.UNSPECIFIED
                                        ? SpanKind.INTERNAL
                                        : operation.kind()));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private Answer dependencies(Parameters parameters) {
        var from = name(parameters, "startTime", "start_time");
        var to = name(parameters, "endTime", "end_time");
        long start = requiredTime(parameters, from);
        long end = requiredTime(parameters, to);
        if (start >= end) {
            throw QueryException.invalid(
                    to,
                    parameters.text(to).orElse(""),
                    "after " + from + ", " + parameters.text(from).orElse(""));
        }
        var links = dependencies.between(parameters.tenant(), start / 1_000_000, end / 1_000_000);
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("dependencies");
            for (var link : links) {
                json.writeStartObject();
                json.writeStringField("parent", link.parent());
                json.writeStringField("child", link.child());
                json.writeStringField("callCount", Long.toString(link.calls()));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private static long requiredTime(Parameters parameters, String name) {
        return time(parameters, name)
                .orElseThrow(() -> QueryException.invalid(name, "missing", EXPECTED_TIME));
    }

    private static Optional<Long> time(Parameters parameters, String... names) {
        return parameters.read(name(parameters, names), EXPECTED_TIME, JaegerV3Api::epochNanos);
    }

    private static Optional<Long> epochNanos(String text) {
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            long nanos =
                    Math.addExact(
                            Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L),
                            instant.getNano());
            return Optional.of(nanos).filter(number -> number >= 0);
        } catch (DateTimeException | ArithmeticException _) {
            return Optional.empty();
        }
    }

    private static Optional<String> text(Parameters parameters, String... names) {
        return parameters.text(name(parameters, names));
    }

    /// The first of some names that the request uses; else the first of all.
    private static String name(Parameters parameters, String... names) {
        for (var name : names) {
            if (parameters.text(name).isPresent()) {
                return name;
            }
        }
        return names[0];
    }
}
