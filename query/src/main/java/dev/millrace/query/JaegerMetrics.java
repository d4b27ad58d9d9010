package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.model.SpanKind;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// How often operations are carried out, how many fail and how long they take, as Jaeger's Monitor
/// page asks for it.
///
/// The figures have a grain of a minute: points lie at whole minutes, and steps and spans of rates
/// are rounded up to such.
final class JaegerMetrics {

    private static final long MINUTE = Duration.ofMinutes(1).toMillis();
    private static final long DEFAULT_LOOKBACK = Duration.ofHours(1).toMillis();
    private static final long DEFAULT_STEP = Duration.ofSeconds(5).toMillis();
    private static final long DEFAULT_RATE = Duration.ofMinutes(10).toMillis();
    private static final long MAX_MINUTES = Duration.ofDays(31).toMinutes();

    // What is added up for one group: each point takes in all minutes of its rate.
    private static final long MAX_SUMS = 1_000_000;

    // The words by which Jaeger says so.
    private static final String DISABLED = "metrics querying is currently disabled";

    private final TraceStore store;
    private final InstantSource clock;

    JaegerMetrics(TraceStore store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/api/metrics/latencies", "metrics_latencies", this::latencies);
        routes.get("/api/metrics/calls", "metrics_calls", this::calls);
        routes.get("/api/metrics/errors", "metrics_errors", this::errors);
        routes.get("/api/metrics/minstep", "metrics_minstep", this::minStep);
    }

    private Answer latencies(Parameters parameters) {
        double quantile =
                parameters
                        .read("quantile", "a number from 0 to 1", JaegerMetrics::share)
                        .orElseThrow(() ->
                                QueryException.invalid(
                                        "quantile", "missing", "a number from 0 to 1"));
        return family(
                parameters,
                "latencies",
                String.format(Locale.ROOT, "%.2fth quantile latency", quantile),
                Double.NaN,
                figures -> figures.durations().quantile(quantile) / 1e6);
    }

    private Answer calls(Parameters parameters) {
        var question = Question.of(parameters, clock);
        double seconds = question.rateMinutes() * 60.0;
        return family(
                parameters, "call_rate", "calls/sec", 0, figures -> figures.calls() / seconds);
    }

    private Answer errors(Parameters parameters) {
        return family(
                parameters,
                "error_rate",
                "error rate, computed as a fraction of errors/sec over calls/sec",
                Double.NaN,
                figures -> figures.errors() / figures.calls());
    }

    private Answer minStep(Parameters parameters) {
        var _ = figures();
        return Answer.json(
                HttpStatus.OK,
                0,
                parameters.flag("prettyPrint"),
                json ->
                        JaegerJson.writeEnvelope(
                                json, 0, List.of(), data -> data.writeNumber(MINUTE)));
    }

    private DependencyStore figures() {
        if (store instanceof DependencyStore kept) {
            return kept;
        }
        throw new QueryException(HttpStatus.NOT_IMPLEMENTED, DISABLED);
    }

    /// Whose figures a line of points is made of.
    ///
    /// @param operation empty for all of them
    private record Group(String service, String operation) {}

    /// What to add up, and to which points.
    ///
    /// @param endMinute the last point, in minutes since the epoch
    /// @param points how many
    /// @param stepMinutes between two of them
    /// @param rateMinutes that each of them takes in
    private record Question(
            Set<String> services,
            Set<SpanKind> kinds,
            boolean byOperation,
            long endMinute,
            int points,
            long stepMinutes,
            long rateMinutes) {

        static Question of(Parameters parameters, InstantSource clock) {
            var services = Set.copyOf(parameters.all("service"));
            if (services.isEmpty()) {
                throw QueryException.invalid("service", "missing", "at least one name");
            }
            var kinds = EnumSet.noneOf(SpanKind.class);
            parameters
                    .all("spanKind")
                    .forEach(text -> kinds.add(Parameters.kind("spanKind", text)));
            if (kinds.isEmpty()) {
                kinds.add(SpanKind.SERVER);
            }
            long end =
                    parameters
                            .read(
                                    "endTs",
                                    "milliseconds since the epoch",
                                    text -> millis(text).filter(time -> time < Long.MAX_VALUE / 2))
                            .orElseGet(clock::millis);
            long lookback = millis(parameters, "lookback", DEFAULT_LOOKBACK);
            long step = Math.ceilDiv(millis(parameters, "step", DEFAULT_STEP), MINUTE);
            long rate = Math.ceilDiv(millis(parameters, "ratePer", DEFAULT_RATE), MINUTE);
            long intervals = lookback / MINUTE / step;
            long minutes = Math.addExact(intervals * step, rate);
            if (minutes > MAX_MINUTES) {
                throw QueryException.invalid(
                        "lookback and ratePer",
                        minutes + " minutes",
                        "at most " + MAX_MINUTES + " together");
            }
            if ((intervals + 1) * rate > MAX_SUMS) {
                throw QueryException.invalid(
                        "step",
                        step + " minutes for " + (intervals + 1) + " points",
                        "longer, for rates over " + rate + " minutes");
            }
            return new Question(
                    services,
                    kinds,
                    parameters.flag("groupByOperation"),
                    end / MINUTE,
                    (int) intervals + 1,
                    step,
                    rate);
        }

        long firstMinute() {
            return Math.max(1, endMinute - (points - 1) * stepMinutes - rateMinutes);
        }

        boolean asksFor(Operation operation) {
            return services.contains(operation.service()) && kinds.contains(operation.kind());
        }

        Group group(Operation operation) {
            return new Group(operation.service(), byOperation ? operation.name() : "");
        }

        private static long millis(Parameters parameters, String name, long absent) {
            return parameters
                    .read(
                            name,
                            "milliseconds, above zero",
                            text -> millis(text).filter(time -> time > 0))
                    .orElse(absent);
        }

        private static Optional<Long> millis(String text) {
            return Parameters.toLong(text).filter(time -> time >= 0);
        }
    }

    /// @param name of the figure, behind what it is grouped by
    /// @param nothing the value where nothing was carried out
    private Answer family(
            Parameters parameters,
            String name,
            String help,
            double nothing,
            ToDoubleFunction<Figures> value) {
        var question = Question.of(parameters, clock);
        var kept = figures();
        var groups =
                new TreeMap<Group, TreeMap<Long, Figures>>(
                        Comparator.comparing(Group::service).thenComparing(Group::operation));
        for (var minute :
                kept.dependencies(
                        parameters.tenant(), question.firstMinute(), question.endMinute())) {
            for (var entry : minute.entries()) {
                if (entry.series() instanceof Operation operation && question.asksFor(operation)) {
                    groups.computeIfAbsent(question.group(operation), _ -> new TreeMap<>())
                            .merge(entry.minute(), entry.figures().copy(), JaegerMetrics::sum);
                }
            }
        }
        return Answer.json(
                HttpStatus.OK,
                0,
                parameters.flag("prettyPrint"),
                json -> {
                    json.writeStartObject();
                    json.writeStringField(
                            "name",
                            (question.byOperation() ? "service_operation_" : "service_") + name);
                    json.writeStringField("type", "GAUGE");
                    json.writeStringField(
                            "help",
                            help
                                    + ", grouped by service"
                                    + (question.byOperation() ? " & operation" : ""));
                    if (!groups.isEmpty()) {
                        json.writeArrayFieldStart("metrics");
                        for (var group : groups.entrySet()) {
                            json.writeStartObject();
                            writeLabels(json, question, group.getKey());
                            writePoints(json, question, group.getValue(), nothing, value);
                            json.writeEndObject();
                        }
                        json.writeEndArray();
                    }
                    json.writeEndObject();
                });
    }

    private static void writeLabels(JsonGenerator json, Question question, Group group)
            throws IOException {
        json.writeArrayFieldStart("labels");
        if (question.byOperation()) {
            writeLabel(json, "operation", group.operation());
        }
        writeLabel(json, "service_name", group.service());
        json.writeEndArray();
    }

    private static void writeLabel(JsonGenerator json, String name, String value)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("name", name);
        json.writeStringField("value", value);
        json.writeEndObject();
    }

    private static void writePoints(
            JsonGenerator json,
            Question question,
            NavigableMap<Long, Figures> minutes,
            double nothing,
            ToDoubleFunction<Figures> value)
            throws IOException {
        json.writeArrayFieldStart("metricPoints");
        for (int i = question.points() - 1; i >= 0; i--) {
            long minute = question.endMinute() - i * question.stepMinutes();
            var figures = sum(minutes, minute - question.rateMinutes(), minute);
            json.writeStartObject();
            json.writeObjectFieldStart("gaugeValue");
            json.writeFieldName("doubleValue");
            writeDouble(json, figures == null ? nothing : value.applyAsDouble(figures));
            json.writeEndObject();
            json.writeStringField("timestamp", Instant.ofEpochSecond(minute * 60).toString());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    // Protobuf's words for what JSON has no numbers for.
    private static void writeDouble(JsonGenerator json, double value) throws IOException {
        if (Double.isFinite(value)) {
            json.writeNumber(value);
        } else {
            json.writeString(Double.toString(value));
        }
    }

    private static @Nullable Figures sum(NavigableMap<Long, Figures> minutes, long from, long to) {
        Figures sum = null;
        for (var figures : minutes.subMap(from, to).values()) {
            sum = sum == null ? figures.copy() : sum(sum, figures);
        }
        return sum;
    }

    private static Figures sum(Figures one, Figures other) {
        one.add(other);
        return one;
    }

    private static Optional<Double> share(String text) {
        try {
            return Optional.of(Double.valueOf(text)).filter(share -> share >= 0 && share <= 1);
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }
}
