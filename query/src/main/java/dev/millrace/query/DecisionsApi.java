package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.TraceDecision;
import dev.millrace.storage.api.TraceDecision.Digest;
import dev.millrace.storage.api.TraceDecision.Stretch;
import dev.millrace.storage.api.TraceDecision.Upgrade;
import dev.millrace.storage.api.TraceDecision.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Why a trace was kept or dropped: every decision about it that is still on record.
final class DecisionsApi {

    private static final int THRESHOLD_BITS = 56;

    private final DecisionLookup lookup;

    DecisionsApi(DecisionLookup lookup) {
        this.lookup = lookup;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/traces/{traceId}/decision", "decision", this::decision);
    }

    private Answer decision(Parameters parameters) {
        parameters.allowOnly(TimeRange.PARAMETERS, Set.of());
        var id = NativeApi.traceId(parameters.variable("traceId"));
        var range = TimeRange.of(parameters);
        var found = lookup.find(parameters.tenant(), id, range.start(), range.end());
        var gaps = new Gaps();
        found.gap().ifPresent(gaps);
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            json.writeStringField("traceId", id.toString());
                            json.writeArrayFieldStart("decisions");
                            for (var decision : found.decisions()) {
                                write(json, decision, isSuperseded(decision, found.decisions()));
                            }
                            json.writeEndArray();
                            json.writeNumberField("decisionsRead", found.read());
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    // An upgrade speaks for everything of its trace that had been dropped before.
    private static boolean isSuperseded(TraceDecision decision, List<TraceDecision> all) {
        return decision.verdict() == Verdict.DROP
                && all.stream()
                        .anyMatch(other ->
                                other.upgrade() != Upgrade.NONE
                                        && other.decidedAt().equals(decision.decidedAt())
                                        && other.fragment() > decision.fragment());
    }

    private static void write(JsonGenerator json, TraceDecision decision, boolean superseded)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("verdict", word(decision.verdict()));
        json.writeStringField("policy", decision.policy());
        json.writeStringField("threshold", threshold(decision.threshold()));
        json.writeNumberField("keptShare", keptShare(decision.threshold()));
        json.writeStringField("ruleThreshold", threshold(decision.ruleThreshold()));
        json.writeStringField("headThreshold", threshold(decision.leastThreshold()));
        json.writeBooleanField("incomplete", decision.incomplete());
        json.writeNumberField("version", decision.version());
        json.writeNumberField("fragment", decision.fragment());
        json.writeStringField("upgrade", word(decision.upgrade()));
        json.writeBooleanField("superseded", superseded);
        json.writeStringField("closedAt", decision.closedAt().toString());
        json.writeStringField("decidedAt", decision.decidedAt().toString());
        json.writeFieldName("digest");
        write(json, decision.digest());
        write(json, "spans", decision.spans());
        json.writeObjectFieldStart("record");
        json.writeStringField("topic", decision.record().topic());
        json.writeNumberField("partition", decision.record().partition());
        json.writeNumberField("offset", decision.record().firstOffset());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Digest digest) throws IOException {
        json.writeStartObject();
        json.writeStringField("rootService", digest.rootService());
        json.writeStringField("rootOperation", digest.rootOperation());
        json.writeBooleanField("hasRoot", digest.hasRoot());
        json.writeStringField("startTimeUnixNano", Long.toUnsignedString(digest.startNanos()));
        json.writeStringField("durationNanos", Long.toString(digest.durationNanos()));
        json.writeNumberField("spanCount", digest.spans());
        json.writeNumberField("errorCount", digest.errors());
        json.writeNumberField("duplicateCount", digest.duplicates());
        json.writeNumberField("bytes", digest.bytes());
        json.writeArrayFieldStart("services");
        for (var service : digest.services()) {
            json.writeString(service);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, Stretch stretch) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeStringField("topic", stretch.topic());
        json.writeNumberField("partition", stretch.partition());
        json.writeNumberField("firstOffset", stretch.firstOffset());
        json.writeNumberField("lastOffset", stretch.lastOffset());
        json.writeEndObject();
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// As `ot=th` has it: hexadecimal digits from the highest, without the zeros at the end.
    static String threshold(long threshold) {
        var digits = "%014x".formatted(threshold);
        int end = digits.length();
        while (end > 1 && digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, end);
    }

    private static double keptShare(long threshold) {
        return 1 - Math.scalb((double) threshold, -THRESHOLD_BITS);
    }
}
