package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.query.JaegerJson.Problem;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// The JSON API behind Jaeger's own UI, as of Jaeger 2.20. Parameters it does not know are ignored,
/// as they are there.
final class JaegerApi {

    private static final int DEFAULT_LIMIT = 100;
    private static final long DEFAULT_LOOKBACK_NANOS = Duration.ofDays(2).toNanos();
    private static final long MAX_MICROS = Long.MAX_VALUE / 1000;
    private static final String EXPECTED_TIME = "microseconds since the epoch";
    private static final String NOT_FOUND = "trace not found";

    private final TraceStore store;
    private final InstantSource clock;
    private final int maxTraces;

    JaegerApi(TraceStore store, InstantSource clock, int maxTraces) {
        this.store = store;
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
        var id = traceId("traceID", parameters.variable("id"));
        // Hints where to look, which our stores do not need; still, nonsense is not let through.
        micros(parameters, "start");
        micros(parameters, "end");
        var trace =
                store.trace(parameters.tenant(), id)
                        .orElseThrow(() -> new QueryException(HttpStatus.NOT_FOUND, NOT_FOUND));
        return traces(parameters, List.of(trace), List.of());
    }

    private Answer search(Parameters parameters) {
        var ids = parameters.all("traceID");
        return ids.isEmpty()
                ? traces(
                        parameters,
                        store.search(parameters.tenant(), searchOf(parameters)).traces(),
                        List.of())
                : tracesById(parameters, ids);
    }

    private Answer tracesById(Parameters parameters, List<String> texts) {
        if (texts.size() > maxTraces) {
            throw QueryException.invalid("traceID", texts.size() + " ids", "at most " + maxTraces);
        }
        var ids = texts.stream().map(text -> traceId("traceID", text)).distinct().toList();
        var traces = new ArrayList<Trace>();
        var problems = new ArrayList<Problem>();
        for (var id : ids) {
            store.trace(parameters.tenant(), id)
                    .ifPresentOrElse(
                            traces::add,
                            () -> problems.add(new Problem(0, NOT_FOUND, JaegerJson.text(id))));
        }
        return traces(parameters, traces, problems);
    }

    private TraceSearch searchOf(Parameters parameters) {
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
        long maxDuration =
                parameters
                        .durationNanos("maxDuration")
                        .filter(nanos -> nanos > 0)
                        .orElse(Long.MAX_VALUE);
        parameters.checkDurations(minDuration, maxDuration);
        var tags = JaegerTags.of(parameters);
        return TraceSearch.builder()
                .service(service)
                .operation(parameters.text("operation").orElse(null))
                .kind(tags.kind())
                .status(tags.status())
                .attributes(tags.attributes())
                .duration(minDuration, maxDuration)
                .start(start, end)
                .limit(parameters.limit(Math.min(DEFAULT_LIMIT, maxTraces), maxTraces))
                .build();
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

    private long now() {
        Instant now = clock.instant();
        return Math.addExact(
                Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
    }

    /// Hexadecimal, or 16 bytes in Base64 of either alphabet.
    private static TraceId traceId(String name, String text) {
        try {
            return text.length() == 22 || text.length() == 24
                    ? base64(text).orElseGet(() -> TraceId.parse(text))
                    : TraceId.parse(text);
        } catch (IllegalArgumentException _) {
            throw QueryException.invalid(
                    name, text, "1 to 32 hexadecimal digits, or Base64 of 16 bytes, not all zero");
        }
    }

    // Hexadecimal digits are Base64 too, and are meant as what they look like.
    private static Optional<TraceId> base64(String text) {
        if (text.chars().allMatch(digit -> Character.digit(digit, 16) >= 0)) {
            return Optional.empty();
        }
        var bytes = Base64.getUrlDecoder().decode(text.replace('+', '-').replace('/', '_'));
        if (bytes.length != 16) {
            return Optional.empty();
        }
        var buffer = ByteBuffer.wrap(bytes);
        return Optional.of(new TraceId(buffer.getLong(), buffer.getLong()));
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
            Parameters parameters, List<Trace> traces, List<Problem> problems) {
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
