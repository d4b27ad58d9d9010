package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.model.Tenant;
import dev.millrace.query.system.AuditPicture;
import dev.millrace.query.system.AuditPicture.TenantBalance;
import dev.millrace.query.system.PipelinePicture;
import dev.millrace.query.system.PipelinePicture.GroupState;
import dev.millrace.query.system.PipelinePicture.ProcessState;
import dev.millrace.query.system.SamplingPicture;
import dev.millrace.query.system.SystemView;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// The system as a whole, for those who run it: readers of the default tenant. Other tenants see
/// their own traces and nothing of this, which names services, topics and tenants of all.
final class SystemApi {

    private static final Duration USUAL_AUDIT = Duration.ofMinutes(5);

    private final SystemView system;

    SystemApi(SystemView system) {
        this.system = system;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/pipeline", "pipeline", this::pipeline);
        routes.get("/v1/sampling", "sampling", this::sampling);
        routes.get("/v1/audit", "audit", this::audit);
    }

    private Answer pipeline(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        onlyForOperators(parameters);
        var picture = system.pipeline();
        var gaps = new Gaps();
        picture.gaps().forEach(gaps);
        return Answer.json(json -> write(json, picture, gaps)).lacking(gaps.reasons());
    }

    private Answer sampling(Parameters parameters) {
        parameters.allowOnly(Set.of(), Set.of());
        onlyForOperators(parameters);
        var picture = system.sampling();
        return Answer.json(json -> write(json, picture));
    }

    private Answer audit(Parameters parameters) {
        parameters.allowOnly(Set.of("window"), Set.of());
        onlyForOperators(parameters);
        var window =
                parameters
                        .read("window", "such as 5m, at most 1h", SystemApi::window)
                        .orElse(USUAL_AUDIT);
        var picture = system.audit(window);
        return Answer.json(json -> write(json, picture));
    }

    private static Optional<Duration> window(String text) {
        return DurationText.parseNanos(text)
                .map(Duration::ofNanos)
                .filter(window ->
                        window.isPositive() && window.compareTo(SystemView.LONGEST_AUDIT) <= 0);
    }

    private static void onlyForOperators(Parameters parameters) {
        if (!parameters.tenant().equals(Tenant.DEFAULT)) {
            throw new QueryException(
                    HttpStatus.FORBIDDEN,
                    "tenant: "
                            + parameters.tenant()
                            + " (expected: "
                            + Tenant.DEFAULT
                            + ", whose readers see the system as a whole)");
        }
    }

    private static void write(JsonGenerator json, PipelinePicture picture, Gaps gaps)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("time", picture.time().toString());
        json.writeStringField("mode", picture.mode());
        json.writeArrayFieldStart("processes");
        for (var process : picture.processes()) {
            write(json, process);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("topics");
        for (var topic : picture.topics()) {
            json.writeStartObject();
            json.writeStringField("what", topic.what());
            json.writeStringField("name", topic.name());
            json.writeNumberField("partitions", topic.partitions());
            json.writeNumberField("offsets", topic.offsets());
            json.writeNumberField("perSecond", topic.perSecond());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("groups");
        for (var group : picture.groups()) {
            write(json, group);
        }
        json.writeEndArray();
        gaps.writeTo(json);
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, ProcessState process) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", process.name());
        if (process.problem().isPresent()) {
            json.writeStringField("problem", process.problem().get());
        }
        json.writeArrayFieldStart("troubles");
        for (var trouble : new TreeMap<>(process.troubles()).entrySet()) {
            json.writeStartObject();
            json.writeStringField("part", trouble.getKey());
            json.writeStringField("reason", trouble.getValue());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("figures");
        for (var figure : process.figures()) {
            // JSON has no word for what is no number, which is as good as not known.
            if (Double.isFinite(figure.value())) {
                json.writeStartObject();
                json.writeStringField("name", figure.name());
                json.writeObjectFieldStart("labels");
                for (var label : new TreeMap<>(figure.labels()).entrySet()) {
                    json.writeStringField(label.getKey(), label.getValue());
                }
                json.writeEndObject();
                json.writeNumberField("value", figure.value());
                json.writeEndObject();
            }
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, GroupState group) throws IOException {
        json.writeStartObject();
        json.writeStringField("role", group.role());
        json.writeStringField("group", group.group());
        json.writeStringField("topic", group.topic());
        json.writeStringField("state", group.state());
        json.writeNumberField("members", group.members());
        json.writeArrayFieldStart("partitions");
        for (var partition : group.partitions()) {
            json.writeStartObject();
            json.writeNumberField("partition", partition.partition());
            json.writeNumberField("records", partition.records());
            json.writeNumberField("seconds", partition.age().toMillis() / 1_000.0);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, SamplingPicture picture) throws IOException {
        json.writeStartObject();
        json.writeNumberField("version", picture.version());
        json.writeStringField("policy", picture.policyText());
        json.writeStringField("choice", picture.choice());
        json.writeArrayFieldStart("rules");
        for (var rule : picture.rules()) {
            json.writeStartObject();
            json.writeStringField("name", rule.name());
            json.writeStringField("when", rule.when());
            json.writeNumberField("keep", rule.keep());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeObjectFieldStart("budget");
        json.writeNumberField("spansPerSecond", picture.spansPerSecond());
        json.writeNumberField("bytesPerSecond", picture.bytesPerSecond());
        json.writeNumberField("certainShare", picture.certainShare());
        json.writeNumberField("othersShare", picture.othersShare());
        json.writeNumberField("operationsInAll", picture.limitedInAll());
        json.writeArrayFieldStart("operations");
        for (var operation : picture.limited()) {
            json.writeStartObject();
            json.writeStringField("tenant", operation.tenant());
            json.writeStringField("service", operation.service());
            json.writeStringField("operation", operation.operation());
            json.writeNumberField("share", operation.share());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
        json.writeNumberField("loadFactor", picture.loadFactor());
        json.writeNumberField("slowInAll", picture.slowInAll());
        json.writeArrayFieldStart("slow");
        for (var bound : picture.slow()) {
            json.writeStartObject();
            json.writeStringField("tenant", bound.tenant());
            json.writeStringField("service", bound.service());
            json.writeStringField("operation", bound.operation());
            json.writeNumberField("percentile", bound.percentile());
            json.writeStringField("durationNanos", Long.toString(bound.nanos()));
            json.writeEndObject();
        }
        json.writeEndArray();
        write(json, picture.counted());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, SamplingPicture.Counted counted)
            throws IOException {
        json.writeObjectFieldStart("counted");
        json.writeStringField("since", counted.since().toString());
        json.writeStringField("until", counted.until().toString());
        json.writeBooleanField("whole", counted.whole());
        json.writeArrayFieldStart("outcomes");
        for (var outcome : counted.outcomes()) {
            json.writeStartObject();
            json.writeStringField("rule", outcome.rule());
            json.writeStringField("verdict", outcome.kept() ? "keep" : "drop");
            json.writeNumberField("traces", outcome.traces());
            json.writeNumberField("spans", outcome.spans());
            json.writeNumberField("errors", outcome.errors());
            json.writeNumberField("bytes", outcome.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, AuditPicture picture) throws IOException {
        json.writeStartObject();
        json.writeStringField("since", picture.since().toString());
        json.writeStringField("until", picture.until().toString());
        json.writeBooleanField("closes", picture.closes());
        json.writeArrayFieldStart("balances");
        for (var balance : picture.balances()) {
            write(json, balance);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("faults");
        for (var fault : picture.faults()) {
            json.writeStartObject();
            json.writeStringField("hop", fault.hop());
            json.writeStringField("kind", fault.kind());
            json.writeStringField("tenant", fault.tenant());
            json.writeStringField("topic", fault.topic());
            json.writeNumberField("partition", fault.partition());
            json.writeStringField("minute", fault.minute().toString());
            json.writeNumberField("copies", fault.copies());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("faultsInAll", picture.faultsInAll());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, TenantBalance balance) throws IOException {
        json.writeStartObject();
        json.writeStringField("tenant", balance.tenant());
        json.writeNumberField("acknowledged", balance.acknowledged());
        json.writeNumberField("unconfirmed", balance.unconfirmed());
        json.writeNumberField("stored", balance.stored());
        json.writeArrayFieldStart("sampledOut");
        for (Map.Entry<String, Long> reason : balance.sampledOut().entrySet()) {
            json.writeStartObject();
            json.writeStringField("reason", reason.getKey());
            json.writeNumberField("copies", reason.getValue());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("duplicate", balance.duplicate());
        json.writeNumberField("deadLettered", balance.deadLettered());
        json.writeNumberField("forwarded", balance.forwarded());
        json.writeNumberField("expired", balance.expired());
        json.writeNumberField("unread", balance.unread());
        json.writeNumberField("open", balance.open());
        json.writeNumberField("waiting", balance.waiting());
        json.writeNumberField("difference", balance.difference());
        json.writeEndObject();
    }
}
