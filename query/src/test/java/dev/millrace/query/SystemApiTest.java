package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.query.system.AuditPicture;
import dev.millrace.query.system.AuditPicture.HopFault;
import dev.millrace.query.system.AuditPicture.TenantBalance;
import dev.millrace.query.system.PipelinePicture;
import dev.millrace.query.system.PipelinePicture.Figure;
import dev.millrace.query.system.PipelinePicture.GroupState;
import dev.millrace.query.system.PipelinePicture.PartitionLag;
import dev.millrace.query.system.PipelinePicture.ProcessState;
import dev.millrace.query.system.PipelinePicture.TopicState;
import dev.millrace.query.system.SamplingPicture;
import dev.millrace.query.system.SamplingPicture.LimitedOperation;
import dev.millrace.query.system.SamplingPicture.Outcome;
import dev.millrace.query.system.SamplingPicture.RuleState;
import dev.millrace.query.system.SamplingPicture.SlowBound;
import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The system as a whole, as it is answered: each answer is one that the description announces.
class SystemApiTest {

    private static final Instant TIME = Instant.parse("2026-11-21T03:00:00Z");
    private static final OpenApiCheck DESCRIPTION =
            new OpenApiCheck(RunningQuery.golden("openapi.json"));

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery(new Fixed());
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static JsonNode get(String address) {
        var response = DESCRIPTION.announced(address, query.get(address));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return OpenApiCheck.read(response.body());
    }

    @Test
    void showsThePipelineAndSaysWhatCouldNotBeFoundOut() {
        // When
        var picture = get("/v1/pipeline");

        // Then
        assertThat(picture.path("mode").asText()).isEqualTo("streaming");
        assertThat(picture.path("partial").asBoolean()).isTrue();
        assertThat(picture.path("reasons").get(0).asText()).contains("agg:8888");
        var here = picture.path("processes").get(0);
        assertThat(here.path("figures")).hasSize(1);
        assertThat(here.path("figures").get(0).path("labels").path("reason").asText())
                .isEqualTo("rate");
        assertThat(here.path("troubles").get(0).path("reason").asText()).isEqualTo("away");
        assertThat(picture.path("processes").get(1).path("problem").asText())
                .isEqualTo("no answer");
        assertThat(picture.at("/groups/0/partitions/1/seconds").asDouble()).isEqualTo(1.5);
    }

    @Test
    void showsThePolicyInForceAndWhatCameOfIt() {
        // When
        var picture = get("/v1/sampling");

        // Then
        assertThat(picture.at("/rules/0/when").asText()).isEqualTo("a span failed");
        assertThat(picture.at("/counted/outcomes/1/verdict").asText()).isEqualTo("drop");
        assertThat(picture.at("/slow/0/durationNanos").asText()).isEqualTo("2000000000");
    }

    @Test
    void auditsAsFarBackAsItIsAsked() {
        // When
        var usual = get("/v1/audit");
        var longer = get("/v1/audit?window=1h");

        // Then
        assertThat(usual.path("since").asText()).isEqualTo("2026-11-21T02:55:00Z");
        assertThat(longer.path("since").asText()).isEqualTo("2026-11-21T02:00:00Z");
        assertThat(longer.path("closes").asBoolean()).isFalse();
        assertThat(longer.at("/balances/0/sampledOut/0/copies").asLong()).isEqualTo(4);
        assertThat(longer.at("/faults/0/kind").asText()).isEqualTo("lost");
        assertThat(longer.at("/faults/0/topic").asText()).isEqualTo("edge.spans");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2h", "0s", "soon", "-5m"})
    void refusesWindowsThatAreTooLongOrNone(String window) {
        var response = query.get("/v1/audit?window=" + window);

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("window: " + window).contains("at most 1h");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/pipeline", "/v1/sampling", "/v1/audit"})
    void saysThatThereIsNothingToSeeWhereThereIsNot(String address) {
        try (var blind = new RunningQuery(query.store)) {
            var response = DESCRIPTION.announced(address, blind.get(address));

            assertThat(response.statusCode()).isEqualTo(501);
        }
    }

    /// Tells the same each time.
    private static final class Fixed implements SystemView {

        @Override
        public PipelinePicture pipeline() {
            return new PipelinePicture(
                    TIME,
                    "streaming",
                    List.of(
                            new ProcessState(
                                    "this process",
                                    Optional.empty(),
                                    Map.of("store", "away"),
                                    List.of(
                                            new Figure(
                                                    "millrace_spans_rejected_total",
                                                    Map.of("reason", "rate"),
                                                    3),
                                            // No number is not known, and has no place in JSON.
                                            new Figure("unknown", Map.of(), Double.NaN))),
                            new ProcessState(
                                    "agg:8888", Optional.of("no answer"), Map.of(), List.of())),
                    List.of(new TopicState("spans", "p.spans", 8, 1_000, 12.5)),
                    List.of(
                            new GroupState(
                                    "aggregator",
                                    "millrace-aggregator",
                                    "p.spans",
                                    "stable",
                                    2,
                                    List.of(
                                            new PartitionLag(0, 0, Duration.ZERO),
                                            new PartitionLag(1, 7, Duration.ofMillis(1_500))))),
                    List.of("the figures of agg:8888: no answer"));
        }

        @Override
        public SamplingPicture sampling() {
            return new SamplingPicture(
                    7,
                    "preset: tail",
                    "strongest",
                    List.of(new RuleState("errors", "a span failed", 1)),
                    5_000,
                    0,
                    0.5,
                    1,
                    0.25,
                    List.of(new LimitedOperation("default", "shop", "GET /", 0.1)),
                    1,
                    List.of(new SlowBound("default", "shop", "GET /", 95, 2_000_000_000L)),
                    1,
                    new SamplingPicture.Counted(
                            TIME.minusSeconds(900),
                            TIME,
                            true,
                            List.of(
                                    new Outcome("errors", true, 1, 2, 1, 300),
                                    new Outcome("no rule", false, 9, 30, 0, 9_000))));
        }

        @Override
        public AuditPicture audit(Duration window) {
            if (window.isZero()) {
                throw new StoreException(StoreException.Kind.BUG, "not asked for");
            }
            return new AuditPicture(
                    TIME.minus(window),
                    TIME,
                    false,
                    List.of(
                            new TenantBalance(
                                    "default",
                                    10,
                                    0,
                                    5,
                                    new TreeMap<>(Map.of("no rule", 4L)),
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    1)),
                    List.of(
                            new HopFault(
                                    "spans -> aggregator",
                                    "lost",
                                    "default",
                                    "edge.spans",
                                    3,
                                    TIME,
                                    1)),
                    1);
        }
    }
}
