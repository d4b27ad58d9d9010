package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.query.JaegerJson.Problem;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/// The JSON API behind Jaeger's own UI, as of Jaeger 2.20. Parameters it does not know are ignored,
/// as they are there.
final class JaegerApi {

    private static final long DEFAULT_LOOKBACK_NANOS = Duration.ofDays(2).toNanos();
    private static final long MAX_MICROS = Long.MAX_VALUE / 1000;
    private static final String EXPECTED_TIME = "microseconds since the epoch";
    private static final String EXPECTED_MILLIS = "milliseconds since the epoch";
    private static final long DEFAULT_LINKS_MILLIS = Duration.ofDays(1).toMillis();

    private static final int MAX_ARCHIVE_BYTES = 64 << 10;

    // A trace that somebody looks at, from a file.
    private static final int MAX_TRANSFORM_BYTES = 32 << 20;

    private final TraceStore store;
    private final JaegerTraces traces;
    private final JaegerDependencies dependencies;
    private final InstantSource clock;
    private final int maxTraces;
    private final dev.millrace.wire.otlp.OtlpJson otlp =
            new dev.millrace.wire.otlp.OtlpJson(MAX_TRANSFORM_BYTES);

    JaegerApi(TraceStore store, JaegerTraces traces, InstantSource clock, int maxTraces) {
        this.store = store;
        this.traces = traces;
        this.dependencies = new JaegerDependencies(store);
        this.clock = clock;
        this.maxTraces = maxTraces;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/api/services", "services", this::services);
        routes.get(
                "/api/services/{service}/operations", "service_operations", this::operationNames);
        routes.get("/api/operations", "operations", this::operations);
        routes.get("/api/traces", "search", this::search);
        routes.get("/api/traces/{id}", "trace", this::trace);
        routes.get("/api/dependencies", "dependencies", this::dependencies);
    }

    void bind(Endpoint.PostRoutes routes) {
        routes.post("/api/archive/{id}", "archive", MAX_ARCHIVE_BYTES, this::archive);
        routes.post("/api/transform", "transform", MAX_TRANSFORM_BYTES, this::transform);
    }

    private Answer services(Parameters parameters) {
        return names(parameters, store.services(parameters.tenant()));
    }

    private Answer operationNames(Parameters parameters) {
        var operations = store.operations(parameters.tenant(), parameters.variable("service"));
        return names(parameters, operations.stream().map(Operation::name).distinct().toList());
    }

    private Answer operations(Parameters parameters) {
        var service = requiredService(parameters);
        var kind = parameters.kind("spanKind");
        var operations =
                store.operations(parameters.tenant(), service).stream()
                        .filter(operation -> kind.isEmpty() || operation.kind() == kind.get())
                        .toList();
        return envelope(
                parameters,
                operations.size(),
                List.of(),
                json -> {
                    json.writeStartArray();
                    for (var operation : operations) {
                        json.writeStartObject();
                        json.writeStringField("name", operation.name());
                        json.writeStringField("spanKind", JaegerJson.text(operation.kind()));
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                });
    }

    private Answer trace(Parameters parameters) {
        var id = JaegerIds.traceId("traceID", parameters.variable("id"));
        // Hints where to look, which our stores do not need; still, nonsense is not let through.
        micros(parameters, "start");
        micros(parameters, "end");
        var trace =
                traces.byId(parameters.tenant(), id, parameters.flag("raw"))
                        .orElseThrow(() ->
                                new QueryException(HttpStatus.NOT_FOUND, JaegerTraces.NOT_FOUND));
        return shown(parameters, List.of(trace), List.of());
    }

    // What comes along is of no meaning; clients send nothing.
    private Answer archive(Parameters parameters, Slice body) {
        var id = JaegerIds.traceId("traceID", parameters.variable("id"));
        micros(parameters, "start");
        micros(parameters, "end");
        traces.archive(parameters.tenant(), id);
        // Where other answers have null for no errors, this one has an empty list.
        return Answer.json(
                HttpStatus.OK,
                0,
                parameters.flag("prettyPrint"),
                json -> {
                    json.writeStartObject();
                    json.writeArrayFieldStart("data");
                    json.writeEndArray();
                    json.writeNumberField("total", 0);
                    json.writeNumberField("limit", 0);
                    json.writeNumberField("offset", 0);
                    json.writeArrayFieldStart("errors");
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }

    private Answer transform(Parameters parameters, Slice body) {
        List<Span> spans;
        try {
            spans = OtlpDecoder.spans(otlp.traces(body));
        } catch (MalformedSpansException e) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "body: " + e.getMessage());
        }
        var byTrace = new LinkedHashMap<TraceId, List<Span>>();
        for (var span : spans) {
            byTrace.computeIfAbsent(span.traceId(), _ -> new ArrayList<>()).add(span);
        }
        var uploaded =
                byTrace.entrySet().stream()
                        .map(entry -> new Trace(entry.getKey(), entry.getValue()))
                        .map(AdjustedTrace::untouched)
                        .toList();
        return traces(parameters, uploaded, List.of());
    }

    private Answer dependencies(Parameters parameters) {
        long end = millis(parameters, "endTs").orElseGet(clock::millis);
        long lookback =
                parameters
                        .read("lookback", "milliseconds", JaegerApi::wholeMillis)
                        .orElse(DEFAULT_LINKS_MILLIS);
        var service = parameters.text("service");
        var links =
                dependencies.between(parameters.tenant(), Math.max(0, end - lookback), end).stream()
                        .filter(link -> service.isEmpty() || link.concerns(service.get()))
                        .toList();
        return envelope(
                parameters,
                0,
                List.of(),
                json -> {
                    json.writeStartArray();
                    for (var link : links) {
                        json.writeStartObject();
                        json.writeStringField("parent", link.parent());
                        json.writeStringField("child", link.child());
                        json.writeNumberField("callCount", link.calls());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                });
    }

    private Answer search(Parameters parameters) {
        var ids = parameters.all("traceID");
        boolean raw = parameters.flag("raw");
        return ids.isEmpty()
                ? traces(
                        parameters,
                        traces.search(parameters.tenant(), searchOf(parameters), raw),
                        List.of())
                : tracesById(parameters, ids, raw);
    }

    private Answer tracesById(Parameters parameters, List<String> texts, boolean raw) {
        if (texts.size() > maxTraces) {
            throw QueryException.invalid("traceID", texts.size() + " ids", "at most " + maxTraces);
        }
        var ids =
                texts.stream().map(text -> JaegerIds.traceId("traceID", text)).distinct().toList();
        var found = new ArrayList<ShownTrace>();
        var problems = new ArrayList<Problem>();
        for (var id : ids) {
            traces.byId(parameters.tenant(), id, raw)
                    .ifPresentOrElse(
                            found::add,
                            () ->
                                    problems.add(
                                            new Problem(
                                                    0,
                                                    JaegerTraces.NOT_FOUND,
                                                    JaegerJson.text(id))));
        }
        return shown(parameters, found, problems);
    }

    private JaegerSearch searchOf(Parameters parameters) {
        var service = requiredService(parameters);
        long end =
                micros(parameters, "end").map(micros -> micros * 1000 + 999).orElseGet(this::now);
        long start =
                micros(parameters, "start")
                        .map(micros -> micros * 1000)
                        .orElseGet(() -> Math.max(0, end - lookbackNanos(parameters)));
        if (start > end) {
            throw QueryException.invalid(
                    "start",
                    parameters.text("start").orElse(""),
                    "not after end, " + parameters.text("end").orElse("now"));
        }
        long minDuration = parameters.durationNanos("minDuration").orElse(0L);
        // Jaeger takes a greatest duration of 0 for none.
        long maxDuration = parameters.durationNanos("maxDuration").orElse(0L);
        parameters.checkDurations(minDuration, maxDuration == 0 ? Long.MAX_VALUE : maxDuration);
        int limit = parameters.limit(Math.min(JaegerSearch.DEFAULT_LIMIT, maxTraces), maxTraces);
        return new JaegerSearch(
                service,
                parameters.text("operation").orElse(null),
                JaegerTags.pairs(parameters),
                start,
                end,
                minDuration,
                maxDuration,
                limit);
    }

    // Jaeger's UI sends `custom` together with a start; the word counts only without one.
    private static long lookbackNanos(Parameters parameters) {
        return parameters.durationNanos("lookback").orElse(DEFAULT_LOOKBACK_NANOS);
    }

    private static String requiredService(Parameters parameters) {
        return parameters
                .text("service")
                .orElseThrow(() ->
                        new QueryException(
                                HttpStatus.BAD_REQUEST, "parameter 'service' is required"));
    }

    private static Optional<Long> micros(Parameters parameters, String name) {
        return parameters.read(
                name,
                EXPECTED_TIME,
                text ->
                        Parameters.toLong(text)
                                .filter(micros -> micros >= 0 && micros < MAX_MICROS));
    }

    private static Optional<Long> millis(Parameters parameters, String name) {
        return parameters.read(
                name,
                EXPECTED_MILLIS,
                text -> wholeMillis(text).filter(millis -> millis < MAX_MICROS));
    }

    private static Optional<Long> wholeMillis(String text) {
        return Parameters.toLong(text).filter(millis -> millis >= 0);
    }

    private long now() {
        Instant now = clock.instant();
        return Math.addExact(
                Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
    }

    private static Answer names(Parameters parameters, List<String> names) {
        return envelope(
                parameters,
                names.size(),
                List.of(),
                json -> {
                    json.writeStartArray();
                    for (var name : names) {
                        json.writeString(name);
                    }
                    json.writeEndArray();
                });
    }

    private static Answer traces(
            Parameters parameters, List<AdjustedTrace> traces, List<Problem> problems) {
        return shown(parameters, traces.stream().map(ShownTrace::of).toList(), problems);
    }

    private static Answer shown(
            Parameters parameters, List<ShownTrace> traces, List<Problem> problems) {
        return envelope(parameters, 0, problems, json -> JaegerJson.writeTraces(json, traces));
    }

    private static Answer envelope(
            Parameters parameters, int total, List<Problem> problems, Answer.JsonBody data) {
        return Answer.json(
                HttpStatus.OK,
                0,
                parameters.flag("prettyPrint"),
                json -> JaegerJson.writeEnvelope(json, total, problems, data));
    }
}
