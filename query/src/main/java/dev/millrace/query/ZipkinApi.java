package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.model.TraceId;
import dev.millrace.query.ZipkinLinks.Link;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.zipkin.ZipkinEncoder;
import dev.millrace.wire.zipkin.ZipkinSpan;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;

/// The API v2 of Zipkin's server, as of 3.6, and what its UI asks besides. Parameters it does not
/// know are ignored, as they are there.
final class ZipkinApi {

    private static final int UI_LIMIT = 10;
    private static final int MAX_AGE_SECONDS = 300;
    private static final int FEW_NAMES = 3;
    private static final int MAX_ID_DIGITS = 32;

    // How many of the newest traces tell the peers of a service, and the values of a tag.
    static final int PEER_TRACES = 200;
    static final int TAG_TRACES = 1_000;

    private final TraceStore store;
    private final ZipkinTraces traces;
    private final InstantSource clock;
    private final int maxTraces;
    private final ZipkinConfig config;

    ZipkinApi(
            TraceStore store,
            InstantSource clock,
            int maxTraces,
            int maxSpans,
            ZipkinConfig config) {
        this.store = store;
        this.traces = new ZipkinTraces(store, config.strictTraceId(), maxSpans);
        this.clock = clock;
        this.maxTraces = maxTraces;
        this.config = config;
    }

    void bind(Endpoint.Routes routes) {
        for (var base : List.of("", "/zipkin")) {
            var api = base + "/api/v2/";
            routes.get(api + "services", "services", this::services);
            routes.get(api + "spans", "spans", this::spanNames);
            routes.get(api + "remoteServices", "remote_services", this::remoteServices);
            routes.get(api + "traces", "search", this::search);
            routes.get(api + "trace/{id}", "trace", this::trace);
            routes.get(api + "traceMany", "trace_many", this::traceMany);
            routes.get(api + "dependencies", "dependencies", this::dependencies);
            routes.get(api + "autocompleteKeys", "autocomplete_keys", this::autocompleteKeys);
            routes.get(api + "autocompleteValues", "autocomplete_values", this::autocompleteValues);
        }
        routes.get("/zipkin/config.json", "config", this::uiConfig);
    }

    private Answer services(Parameters parameters) {
        return names(config.searchEnabled() ? traces.services(parameters.tenant()) : List.of());
    }

    private Answer spanNames(Parameters parameters) {
        var service = required(parameters, "serviceName");
        return names(
                config.searchEnabled()
                        ? traces.spanNames(parameters.tenant(), service)
                        : List.of());
    }

    // No store keeps an index of peers; the newest traces of a service tell them.
    private Answer remoteServices(Parameters parameters) {
        var service = required(parameters, "serviceName");
        if (!config.searchEnabled()) {
            return names(List.of());
        }
        return names(
                traces.newest(parameters.tenant(), service, PEER_TRACES).stream()
                        .filter(span -> span.local().service().equals(service))
                        .map(span -> span.remote().service())
                        .filter(name -> !name.isEmpty())
                        .distinct()
                        .sorted()
                        .toList());
    }

    private Answer search(Parameters parameters) {
        var query = ZipkinQuery.of(parameters, clock.millis(), config.defaultLookback(), maxTraces);
        return traces(config.searchEnabled() ? traces.find(parameters.tenant(), query) : List.of());
    }

    private Answer trace(Parameters parameters) {
        var text = parameters.variable("id").strip();
        var spans = traces.byId(parameters.tenant(), traceId(text));
        if (spans.isEmpty()) {
            throw new QueryException(HttpStatus.NOT_FOUND, text + " not found");
        }
        return Answer.json(json -> {
            json.writeStartArray();
            for (var span : spans) {
                ZipkinEncoder.write(json, span);
            }
            json.writeEndArray();
        });
    }

    private Answer traceMany(Parameters parameters) {
        var text =
                parameters
                        .text("traceIds")
                        .orElseThrow(() ->
                                new QueryException(
                                        HttpStatus.BAD_REQUEST, "traceIds parameter is empty"));
        var ids = new LinkedHashMap<Object, TraceId>();
        Arrays.stream(text.split(",", -1))
                .map(id -> traceId(id.strip()))
                .forEach(id -> ids.merge(traces.key(id), id, ZipkinApi::longer));
        if (ids.size() < 2) {
            throw QueryException.invalid(
                    "traceIds",
                    text,
                    "several different ids with commas between; for one there is /api/v2/trace/"
                            + ZipkinSpan.text(ids.sequencedValues().getFirst()));
        }
        if (ids.size() > maxTraces) {
            throw QueryException.invalid("traceIds", ids.size() + " ids", "at most " + maxTraces);
        }
        return traces(
                ids.values().stream()
                        .map(id -> traces.byId(parameters.tenant(), id))
                        .filter(spans -> !spans.isEmpty())
                        .toList());
    }

    // The id of which both halves can be fetched.
    private static TraceId longer(TraceId one, TraceId other) {
        return one.high() != 0 ? one : other;
    }

    private Answer dependencies(Parameters parameters) {
        long endTs =
                ZipkinQuery.positive(parameters, "endTs")
                        .orElseThrow(() ->
                                QueryException.invalid(
                                        "endTs", "missing", "milliseconds since the epoch"));
        long lookback =
                ZipkinQuery.positive(parameters, "lookback")
                        .orElse(config.defaultLookback().toMillis());
        var query = ZipkinQuery.all(endTs, lookback, ZipkinTraces.MAX_CANDIDATES);
        var links = new ZipkinLinks();
        addFigures(links, parameters, query);
        if (links.links().isEmpty() && SwitchedStore.answered(store).search()) {
            traces.all(parameters.tenant(), query).forEach(links::add);
        }
        return Answer.json(json -> {
            json.writeStartArray();
            for (var link : links.links()) {
                json.writeStartObject();
                json.writeStringField("parent", link.parent());
                json.writeStringField("child", link.child());
                json.writeNumberField("callCount", link.calls());
                if (link.errors() > 0) {
                    json.writeNumberField("errorCount", link.errors());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    // What the aggregator counted, of all traces and not only of those that are stored.
    private void addFigures(ZipkinLinks links, Parameters parameters, ZipkinQuery query) {
        if (!(store instanceof DependencyStore kept)) {
            return;
        }
        long minute = Duration.ofMinutes(1).toMillis();
        var minutes =
                kept.dependencies(
                        parameters.tenant(),
                        query.earliest() / minute,
                        Math.addExact(query.endTs() / minute, 1));
        for (var figures : minutes) {
            for (var entry : figures.entries()) {
                if (entry.series() instanceof Dependency link && isCall(link)) {
                    links.add(
                            new Link(
                                    ZipkinSpan.lower(link.caller()),
                                    ZipkinSpan.lower(link.callee()),
                                    Math.round(entry.figures().calls()),
                                    Math.round(entry.figures().errors())));
                }
            }
        }
    }

    // Zipkin has nobody for a caller that nobody knows.
    private static boolean isCall(Dependency link) {
        return link.connection() != Connection.VIRTUAL || !link.caller().equals(Dependency.USER);
    }

    private Answer autocompleteKeys(Parameters parameters) {
        return Answer.json(
                        json -> {
                            json.writeStartArray();
                            for (var key : config.autocompleteKeys()) {
                                json.writeString(key);
                            }
                            json.writeEndArray();
                        })
                .keptFor(MAX_AGE_SECONDS);
    }

    private Answer autocompleteValues(Parameters parameters) {
        var key =
                parameters
                        .text("key")
                        .orElseThrow(
                                () -> QueryException.invalid("key", "missing", "the key of a tag"));
        if (!config.searchEnabled() || !config.autocompleteKeys().contains(key)) {
            return names(List.of());
        }
        return names(
                traces.newest(parameters.tenant(), "", TAG_TRACES).stream()
                        .map(span -> span.tags().get(key))
                        .filter(Objects::nonNull)
                        .distinct()
                        .sorted()
                        .toList());
    }

    // What Zipkin's UI reads first. Links to other places are not set up here.
    private Answer uiConfig(Parameters parameters) {
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeStringField("environment", "");
            json.writeNumberField("queryLimit", UI_LIMIT);
            json.writeNumberField("defaultLookback", Duration.ofMinutes(15).toMillis());
            var answered = SwitchedStore.answered(store);
            json.writeBooleanField("searchEnabled", config.searchEnabled() && answered.search());
            for (var place : List.of("logsUrl", "supportUrl", "archivePostUrl", "archiveUrl")) {
                json.writeNullField(place);
            }
            json.writeObjectFieldStart("dependency");
            json.writeBooleanField("enabled", answered.dependencies());
            json.writeNumberField("lowErrorRate", 0.5);
            json.writeNumberField("highErrorRate", 0.75);
            json.writeEndObject();
            json.writeEndObject();
        });
    }

    private static String required(Parameters parameters, String name) {
        var value = ZipkinQuery.name(parameters, name);
        if (value.isEmpty()) {
            throw QueryException.invalid(name, "missing", "the name of a service");
        }
        return value;
    }

    private static TraceId traceId(String text) {
        if (text.isEmpty()) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "traceId is empty");
        }
        if (text.length() > MAX_ID_DIGITS) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "traceId.length > " + MAX_ID_DIGITS);
        }
        if (!text.chars().allMatch(ZipkinApi::isLowerHex)) {
            throw new QueryException(
                    HttpStatus.BAD_REQUEST, text + " should be lower-hex encoded with no prefix");
        }
        if (text.chars().allMatch(digit -> digit == '0')) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "traceId is all zeros");
        }
        return TraceId.parse(text);
    }

    private static boolean isLowerHex(int digit) {
        return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    }

    // Zipkin lets browsers keep lists of names once there are some.
    private static Answer names(List<String> names) {
        var answer =
                Answer.json(json -> {
                    json.writeStartArray();
                    for (var name : names) {
                        json.writeString(name);
                    }
                    json.writeEndArray();
                });
        return names.size() > FEW_NAMES ? answer.keptFor(MAX_AGE_SECONDS) : answer;
    }

    private static Answer traces(List<List<ZipkinSpan>> traces) {
        return Answer.json(json -> {
            json.writeStartArray();
            for (var trace : traces) {
                json.writeStartArray();
                for (var span : trace) {
                    ZipkinEncoder.write(json, span);
                }
                json.writeEndArray();
            }
            json.writeEndArray();
        });
    }
}
