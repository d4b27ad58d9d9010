package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.query.OtlpJson.Spelling;
import dev.millrace.query.SearchPlan.Conditions;
import dev.millrace.query.TempoJson.Found;
import dev.millrace.query.TempoJson.TagValue;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.traceql.Attribute;
import dev.millrace.traceql.AttributeScope;
import dev.millrace.traceql.Field;
import dev.millrace.traceql.Intrinsic;
import dev.millrace.traceql.Query;
import dev.millrace.traceql.SpanSet;
import dev.millrace.traceql.TraceQlException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The HTTP API of Grafana Tempo, as of Tempo 2.8, as far as Grafana's data source needs it.
/// Parameters it does not know are ignored, as they are there.
final class TempoApi {

    private static final String PREFIX = "/tempo";
    private static final String VERSION = "2.8.0";
    static final MediaType PROTOBUF = MediaType.parse("application/protobuf");
    private static final int DEFAULT_LIMIT = 20;
    private static final int DEFAULT_SPANS = 3;
    private static final int MAX_SPANS = 100;
    private static final int DEFAULT_TAGS = 1_000;
    // Grafana asks for 5,000.
    private static final int MAX_TAGS = 10_000;
    private static final int MAX_LOOKED_AT = 10_000;
    private static final int MAX_LOOKED_AT_FOR_TAGS = 500;
    private static final int MAX_PAGE = 100;
    private static final long MAX_SECONDS = Long.MAX_VALUE / 1_000_000_000;
    private static final String EXPECTED_TIME = "seconds since the epoch";
    private static final String INTRINSIC = "intrinsic";
    private static final int TRACE_FIELD = 0x0a;

    private final TraceStore store;
    private final int maxTraces;
    private final BoundedScan scan;
    private final TempoTagLookup tags;

    /// What traces are looked for, and what is told of each.
    ///
    /// @param look empty for a trace that is none of them
    private record Question(SearchPlan plan, Function<Trace, Optional<List<SpanSet>>> look) {}

    /// Hears how a search goes.
    @FunctionalInterface
    interface Progress {

        /// Leaves everything for the end.
        Progress UNHEARD = (_, _, _) -> {};

        /// @param found empty for a trace that was looked at in vain
        /// @param looked how many were looked at
        /// @param pages how many pages of them the store was asked for
        void looked(Optional<Found> found, int looked, int pages);
    }

    /// Names or values, and how far was looked for them.
    record Listed<T>(List<T> listed, BoundedScan.Result<?> result) {}

    /// Names of tags of one scope.
    record Scope(String name, List<String> tags) {}

    /// The time asked about, both ends included.
    private record Range(long startNanos, long endNanos) {}

    /// @param timeout how long a request may take; half of it is for looking at traces
    /// @param ticker nanoseconds of any clock that only goes forward
    TempoApi(TraceStore store, int maxTraces, Duration timeout, LongSupplier ticker) {
        this.store = store;
        this.maxTraces = maxTraces;
        var time = timeout.dividedBy(2);
        this.scan = new BoundedScan(MAX_LOOKED_AT, time, ticker);
        this.tags =
                new TempoTagLookup(store, new BoundedScan(MAX_LOOKED_AT_FOR_TAGS, time, ticker));
    }

    void bind(Endpoint.Routes routes) {
        routes.get(PREFIX + "/ready", "ready", _ -> text("ready\n"));
        routes.get(PREFIX + "/api/echo", "echo", _ -> text("echo"));
        routes.get(PREFIX + "/api/status/buildinfo", "buildinfo", _ -> buildInfo());
        routes.get(PREFIX + "/api/traces/{id}", "trace", this::trace);
        routes.get(PREFIX + "/api/v2/traces/{id}", "trace_v2", this::traceV2);
        routes.get(PREFIX + "/api/search", "search", this::search);
        routes.get(PREFIX + "/api/search/tags", "tags", this::tagNames);
        routes.get(PREFIX + "/api/v2/search/tags", "tags_v2", this::tagNamesV2);
        routes.get(PREFIX + "/api/search/tag/{tag}/values", "tag_values", this::tagValues);
        routes.get(PREFIX + "/api/v2/search/tag/{tag}/values", "tag_values_v2", this::tagValuesV2);
        routes.get(PREFIX + "/api/metrics/query", "metrics", TempoApi::noMetrics);
        routes.get(PREFIX + "/api/metrics/query_range", "metrics_range", TempoApi::noMetrics);
    }

    private static Answer text(String text) {
        return Answer.text(HttpStatus.OK, 0, text);
    }

    private static Answer noMetrics(Parameters parameters) {
        throw metricsRefusal();
    }

    static QueryException metricsRefusal() {
        return new QueryException(
                HttpStatus.NOT_IMPLEMENTED, "metrics of TraceQL are not supported");
    }

    // Grafana reads from the version what it may ask for.
    private static Answer buildInfo() {
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeStringField("version", VERSION);
            json.writeStringField("revision", "millrace");
            json.writeStringField("branch", "");
            json.writeStringField("buildUser", "");
            json.writeStringField("buildDate", "");
            json.writeStringField("goVersion", "");
            json.writeEndObject();
        });
    }

    private Answer trace(Parameters parameters) {
        var trace = stored(parameters);
        return wantsProtobuf(parameters.accepted())
                ? Answer.bytes(PROTOBUF, trace)
                : Answer.json(
                        json -> OtlpJson.writeTraces(json, "batches", Spelling.PROTOBUF, trace));
    }

    private Answer traceV2(Parameters parameters) {
        var trace = stored(parameters);
        if (wantsProtobuf(parameters.accepted())) {
            return Answer.bytes(PROTOBUF, out -> writeTraceField(out, trace.bodies()));
        }
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeFieldName("trace");
            OtlpJson.writeTraces(json, "resourceSpans", Spelling.PROTOBUF, trace);
            json.writeObjectFieldStart("metrics");
            json.writeEndObject();
            json.writeEndObject();
        });
    }

    // The first field of a message, which holds the trace; of a field that comes again, a reader
    // puts the contents together.
    private static void writeTraceField(OutputStream out, Iterator<Slice> bodies)
            throws IOException {
        while (bodies.hasNext()) {
            writeTraceField(out, bodies.next());
        }
    }

    private static void writeTraceField(OutputStream out, Slice trace) throws IOException {
        out.write(TRACE_FIELD);
        int rest = trace.length();
        while (rest > 0x7f) {
            out.write((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
        out.write(trace.array(), trace.offset(), trace.length());
    }

    private StoredTrace stored(Parameters parameters) {
        // Hints where to look, which our stores do not need; still, nonsense is not let through.
        range(parameters);
        String text = parameters.variable("id");
        TraceId id;
        try {
            id = TraceId.parse(text);
        } catch (IllegalArgumentException _) {
            throw QueryException.invalid(
                    "trace id", text, "1 to 32 hexadecimal digits, not all zero");
        }
        return StoredTrace.find(store, parameters.tenant(), id)
                .orElseThrow(() ->
                        new QueryException(HttpStatus.NOT_FOUND, "trace " + id + ": not found"));
    }

    private Answer search(Parameters parameters) {
        var result = search(parameters, Progress.UNHEARD);
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("traces");
            for (var found : result.found()) {
                TempoJson.writeFound(json, found);
            }
            json.writeEndArray();
            TempoJson.writeMetrics(json, result);
            json.writeEndObject();
        });
    }

    /// Searches.
    ///
    /// @param progress hears of each trace that is found, on the way
    BoundedScan.Result<Found> search(Parameters parameters, Progress progress) {
        int limit = parameters.limit(Math.min(DEFAULT_LIMIT, maxTraces), maxTraces);
        var range = range(parameters);
        var question = question(parameters, range);
        long minDuration = parameters.durationNanos("minDuration").orElse(0L);
        long maxDuration = parameters.durationNanos("maxDuration").orElse(Long.MAX_VALUE);
        parameters.checkDurations(minDuration, maxDuration);
        var walk =
                new CandidateWalk(
                        store,
                        parameters.tenant(),
                        question.plan(),
                        range.startNanos(),
                        range.endNanos(),
                        Math.min(Math.clamp(limit, DEFAULT_LIMIT, MAX_PAGE), maxTraces));
        var looked = new int[1];
        return scan.run(
                walk,
                limit,
                trace -> {
                    looked[0]++;
                    long duration = trace.durationNanos();
                    var found =
                            duration < minDuration || duration > maxDuration
                                    ? Optional.<Found>empty()
                                    : question.look()
                                            .apply(trace)
                                            .map(sets -> Found.of(trace, sets));
                    progress.looked(found, looked[0], walk.pages());
                    return found;
                });
    }

    private static Question question(Parameters parameters, Range range) {
        int maxSpans = maxSpans(parameters);
        var query = parameters.text("q");
        var tags = parameters.text("tags");
        if (query.isPresent() && tags.isPresent()) {
            throw QueryException.invalid("tags", tags.get(), "not together with q");
        }
        return tags.map(text -> byTags(text, range))
                .orElseGet(() -> byQuery(query.orElse("{}"), range, maxSpans));
    }

    private static Question byQuery(String text, Range range, int maxSpans) {
        var query = query(text);
        return new Question(
                SearchPlan.of(query.pipeline()),
                trace ->
                        Optional.of(
                                        query.select(
                                                trace,
                                                range.startNanos(),
                                                range.endNanos(),
                                                maxSpans))
                                .filter(sets -> !sets.isEmpty()));
    }

    private static Question byTags(String text, Range range) {
        var search = TempoTags.search(text).start(range.startNanos(), range.endNanos()).build();
        var conditions =
                new Conditions(
                        search.service(),
                        search.operation(),
                        search.kind(),
                        search.status(),
                        search.attributes(),
                        0,
                        Long.MAX_VALUE);
        return new Question(new SearchPlan(List.of(conditions)), _ -> Optional.of(List.of()));
    }

    private static Query query(String text) {
        try {
            return Query.parse(text);
        } catch (TraceQlException e) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "q: " + e.getMessage());
        }
    }

    private static int maxSpans(Parameters parameters) {
        return parameters
                .read("spss", "1 to " + MAX_SPANS, TempoApi::spanCount)
                .orElse(DEFAULT_SPANS);
    }

    private static Optional<Integer> spanCount(String text) {
        return Parameters.toLong(text)
                .filter(number -> number >= 1 && number <= MAX_SPANS)
                .map(Long::intValue);
    }

    private Answer tagNames(Parameters parameters) {
        var names = allTagNames(parameters);
        return Answer.json(json -> {
            json.writeStartObject();
            writeTexts(json, "tagNames", names.listed());
            writeTagMetrics(json, names.result());
            json.writeEndObject();
        });
    }

    /// Names of tags, whatever their scope.
    Listed<String> allTagNames(Parameters parameters) {
        var scopes = scopes(parameters, false);
        var names = names(parameters, scopes);
        var all = new TreeSet<String>();
        scopes(scopes, names).values().forEach(all::addAll);
        return new Listed<>(limited(parameters, all), names.result());
    }

    private Answer tagNamesV2(Parameters parameters) {
        var names = tagNamesByScope(parameters);
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("scopes");
            for (var scope : names.listed()) {
                json.writeStartObject();
                json.writeStringField("name", scope.name());
                writeTexts(json, "tags", scope.tags());
                json.writeEndObject();
            }
            json.writeEndArray();
            writeTagMetrics(json, names.result());
            json.writeEndObject();
        });
    }

    /// Names of tags by scope; scopes without any are left out.
    Listed<Scope> tagNamesByScope(Parameters parameters) {
        var scopes = scopes(parameters, true);
        var names = names(parameters, scopes);
        var shown =
                scopes(scopes, names).entrySet().stream()
                        .map(scope ->
                                new Scope(scope.getKey(), limited(parameters, scope.getValue())))
                        .filter(scope -> !scope.tags().isEmpty())
                        .toList();
        return new Listed<>(shown, names.result());
    }

    /// The scopes asked for: all for none.
    private static List<String> scopes(Parameters parameters, boolean intrinsicsByDefault) {
        var known = attributeScopes().map(AttributeScope::prefix).collect(Collectors.toList());
        known.add(INTRINSIC);
        String scope = parameters.text("scope").orElse("none").toLowerCase(Locale.ROOT);
        if (scope.equals("none")) {
            return intrinsicsByDefault ? known : known.subList(0, known.size() - 1);
        }
        if (!known.contains(scope)) {
            throw QueryException.invalid(
                    "scope", scope, "one of none, " + String.join(", ", known));
        }
        return List.of(scope);
    }

    private static Stream<AttributeScope> attributeScopes() {
        return Arrays.stream(AttributeScope.values()).filter(scope -> scope != AttributeScope.ANY);
    }

    private TempoTagLookup.Names names(Parameters parameters, List<String> scopes) {
        var range = lookup(parameters);
        return scopes.equals(List.of(INTRINSIC)) ? TempoTagLookup.Names.NONE : tags.names(range);
    }

    private static Map<String, SortedSet<String>> scopes(
            List<String> scopes, TempoTagLookup.Names names) {
        var byName = new LinkedHashMap<String, SortedSet<String>>();
        attributeScopes()
                .filter(scope -> scopes.contains(scope.prefix()))
                .forEach(scope -> byName.put(scope.prefix(), names.of(scope)));
        if (scopes.contains(INTRINSIC)) {
            byName.put(INTRINSIC, intrinsics());
        }
        return byName;
    }

    private static SortedSet<String> intrinsics() {
        return Arrays.stream(Intrinsic.values())
                .flatMap(intrinsic -> Stream.of(intrinsic.bareName(), intrinsic.scopedName()))
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Answer tagValues(Parameters parameters) {
        var values = tagTexts(parameters);
        return Answer.json(json -> {
            json.writeStartObject();
            writeTexts(json, "tagValues", values.listed());
            writeTagMetrics(json, values.result());
            json.writeEndObject();
        });
    }

    /// The values of an attribute of any scope, or of an intrinsic, as texts.
    Listed<String> tagTexts(Parameters parameters) {
        String tag = parameters.variable("tag");
        var field =
                Arrays.stream(Intrinsic.values())
                        .filter(intrinsic -> intrinsic.bareName().equals(tag))
                        .map(Field.class::cast)
                        .findFirst()
                        .orElse(new Attribute(AttributeScope.ANY, tag));
        var found = tags.values(lookup(parameters), field);
        return new Listed<>(
                limited(
                        parameters,
                        found.values().stream().map(TagValue::text).distinct().toList()),
                found.result());
    }

    private Answer tagValuesV2(Parameters parameters) {
        var values = typedTagValues(parameters);
        return Answer.json(json -> {
            json.writeStartObject();
            json.writeArrayFieldStart("tagValues");
            for (var value : values.listed()) {
                json.writeStartObject();
                json.writeStringField("type", value.type());
                json.writeStringField("value", value.text());
                json.writeEndObject();
            }
            json.writeEndArray();
            writeTagMetrics(json, values.result());
            json.writeEndObject();
        });
    }

    /// The values of a tag, named as TraceQL names it, with their types.
    Listed<TagValue> typedTagValues(Parameters parameters) {
        var found = tags.values(lookup(parameters), field(parameters.variable("tag")));
        return new Listed<>(limited(parameters, found.values()), found.result());
    }

    private static Field field(String tag) {
        try {
            return Field.parse(tag);
        } catch (TraceQlException e) {
            throw new QueryException(HttpStatus.BAD_REQUEST, "tag " + tag + ": " + e.getMessage());
        }
    }

    private static TempoTagLookup.Range lookup(Parameters parameters) {
        var range = range(parameters);
        return new TempoTagLookup.Range(
                parameters.tenant(), range.startNanos(), range.endNanos(), parameters.text("q"));
    }

    private static <T> List<T> limited(Parameters parameters, Collection<T> all) {
        return all.stream().limit(parameters.limit(DEFAULT_TAGS, MAX_TAGS)).toList();
    }

    private static void writeTexts(JsonGenerator json, String name, List<String> texts)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (var text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }

    private static void writeTagMetrics(JsonGenerator json, BoundedScan.Result<?> result)
            throws IOException {
        json.writeObjectFieldStart("metrics");
        TempoJson.writeJobs(json, result);
        json.writeEndObject();
    }

    private static Range range(Parameters parameters) {
        var start = seconds(parameters, "start");
        var end = seconds(parameters, "end");
        if (start.isPresent() && end.isPresent() && end.get() <= start.get()) {
            throw QueryException.invalid(
                    "end", end.get().toString(), "after start, " + start.get());
        }
        return new Range(
                start.orElse(0L) * 1_000_000_000,
                end.map(seconds -> seconds * 1_000_000_000).orElse(Long.MAX_VALUE));
    }

    // Tempo takes 0 for none.
    private static Optional<Long> seconds(Parameters parameters, String name) {
        return parameters
                .read(
                        name,
                        EXPECTED_TIME,
                        text ->
                                Parameters.toLong(text)
                                        .filter(number -> number >= 0 && number <= MAX_SECONDS))
                .filter(seconds -> seconds > 0);
    }

    private static boolean wantsProtobuf(List<MediaType> accepted) {
        for (var type : accepted) {
            if (type.is(PROTOBUF) || type.is(NativeApi.PROTOBUF)) {
                return true;
            }
            if (type.is(MediaType.JSON) || type.is(MediaType.ANY_TYPE)) {
                return false;
            }
        }
        return false;
    }
}
