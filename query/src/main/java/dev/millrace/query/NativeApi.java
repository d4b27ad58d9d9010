package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.api.TraceStore;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Our own API: traces as OTLP, and searches that answer with summaries, page by page.
///
/// What it does not understand it refuses, down to the name of a parameter.
final class NativeApi {

    static final MediaType PROTOBUF = MediaType.parse("application/x-protobuf");
    private static final int DEFAULT_LIMIT = 20;
    private static final Set<String> SEARCH_PARAMETERS =
            Set.of(
                    "service",
                    "operation",
                    "kind",
                    "status",
                    "minDuration",
                    "maxDuration",
                    "start",
                    "end",
                    "limit",
                    "cursor");
    private static final Set<String> REPEATABLE_SEARCH_PARAMETERS = Set.of("attribute");

    private final TraceStore store;
    private final int maxTraces;

    NativeApi(TraceStore store, int maxTraces) {
        this.store = store;
        this.maxTraces = maxTraces;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/traces/{traceId}", "trace", this::trace);
        routes.get("/v1/services", "services", this::services);
        routes.get("/v1/services/{service}/operations", "operations", this::operations);
        routes.get("/v1/search", "search", this::search);
    }

    private Answer trace(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        var id = traceId(parameters.variable("traceId"));
        var gaps = new Gaps();
        var trace =
                StoredTrace.find(store.tolerating(gaps), parameters.tenant(), id)
                        .orElseThrow(() ->
                                new QueryException(
                                        HttpStatus.NOT_FOUND, "trace " + id + ": not found"));
        var answer =
                wantsProtobuf(parameters.accepted())
                        ? Answer.bytes(PROTOBUF, trace)
                        : Answer.json(json -> OtlpJson.writeTraces(json, trace));
        return answer.lacking(gaps.reasons());
    }

    private Answer services(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        var gaps = new Gaps();
        var services = store.tolerating(gaps).services(parameters.tenant());
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeArrayFieldStart("services");
                            for (var service : services) {
                                json.writeString(service);
                            }
                            json.writeEndArray();
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    private Answer operations(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        var gaps = new Gaps();
        var operations =
                store.tolerating(gaps)
                        .operations(parameters.tenant(), parameters.variable("service"));
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeArrayFieldStart("operations");
                            for (var operation : operations) {
                                json.writeStartObject();
                                json.writeStringField("name", operation.name());
                                json.writeStringField(
                                        "kind", operation.kind().name().toLowerCase(Locale.ROOT));
                                json.writeEndObject();
                            }
                            json.writeEndArray();
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    private Answer search(Parameters parameters) {
        var gaps = new Gaps();
        var page = store.tolerating(gaps).search(parameters.tenant(), searchOf(parameters));
        page.cut()
                .forEach(id ->
                        gaps.accept("trace " + id + ": too large to be summed up as a whole"));
        // Summarised here, so that the traces themselves can go before the answer is read.
        var summaries = page.traces().stream().map(TraceSummary::of).toList();
        var next = nextCursor(page);
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeArrayFieldStart("traces");
                            for (var summary : summaries) {
                                summary.writeTo(json);
                            }
                            json.writeEndArray();
                            json.writeStringField("nextCursor", next.orElse(null));
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    private TraceSearch searchOf(Parameters parameters) {
        parameters.allowOnly(SEARCH_PARAMETERS, REPEATABLE_SEARCH_PARAMETERS);
        var range = TimeRange.of(parameters);
        long minDuration = parameters.durationNanos("minDuration").orElse(0L);
        long maxDuration = parameters.durationNanos("maxDuration").orElse(Long.MAX_VALUE);
        parameters.checkDurations(minDuration, maxDuration);
        return TraceSearch.builder()
                .service(parameters.text("service").orElse(null))
                .operation(parameters.text("operation").orElse(null))
                .kind(parameters.kind("kind").orElse(null))
                .status(parameters.status("status").orElse(null))
                .attributes(parameters.all("attribute").stream().map(NativeApi::match).toList())
                .duration(minDuration, maxDuration)
                .start(range.startNanos(), range.endNanos())
                .limit(parameters.limit(Math.min(DEFAULT_LIMIT, maxTraces), maxTraces))
                .after(cursor(parameters).orElse(null))
                .build();
    }

    static TraceId traceId(String text) {
        try {
            return TraceId.parse(text);
        } catch (IllegalArgumentException _) {
            throw QueryException.invalid(
                    "trace id", text, "1 to 32 hexadecimal digits, not all zero");
        }
    }

    private static AttributeMatch match(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw QueryException.invalid("attribute", text, "key=value");
        }
        return new AttributeMatch(text.substring(0, equals), text.substring(equals + 1));
    }

    // Start and id of the last trace: readable, and safe in a URL as it is.
    private static Optional<String> nextCursor(SearchPage page) {
        return page.next().map(cursor -> cursor.startNanos() + "-" + cursor.traceId());
    }

    private static Optional<Cursor> cursor(Parameters parameters) {
        return parameters.read("cursor", "the nextCursor of an earlier page", NativeApi::cursor);
    }

    private static Optional<Cursor> cursor(String text) {
        int dash = text.indexOf('-');
        if (dash < 1) {
            return Optional.empty();
        }
        try {
            return Parameters.toLong(text.substring(0, dash))
                    .map(start -> new Cursor(start, TraceId.parse(text.substring(dash + 1))));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static boolean wantsProtobuf(List<MediaType> accepted) {
        for (var type : accepted) {
            if (type.is(PROTOBUF) || type.is(MediaType.PROTOBUF)) {
                return true;
            }
            if (type.is(MediaType.JSON) || type.is(MediaType.ANY_TYPE)) {
                return false;
            }
        }
        return false;
    }
}
