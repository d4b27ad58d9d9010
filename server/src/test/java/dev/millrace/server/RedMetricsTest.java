package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Analysis;
import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.RedTotals;
import dev.millrace.analysis.SpanWeight;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.SpanIndex;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RedMetricsTest {

    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0";
    private static final TraceId DROPPED = new TraceId(1, 1);
    private static final TraceId KEPT = new TraceId(2, 2);

    private final Metrics metrics = new Metrics();
    private final RedTotals totals = new RedTotals(new RedTotals.Bounds(2, 10));

    @BeforeEach
    void offer() {
        metrics.registry().getPrometheusRegistry().register(new RedMetrics(totals));
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void tellsRateErrorsAndDurationsOfOperationsAndLinks() {
        // When
        trace(DROPPED, "GET /", 3, false, false);
        trace(KEPT, "GET /", 70, true, true);

        // Then
        String labels = "{kind=\"server\",operation=\"GET /\",service=\"shop\",tenant=\"default\"";
        String link = "{callee=\"shop\",caller=\"user\",connection=\"virtual\",tenant=\"default\"";
        assertThat(scrape("text/plain").lines())
                .contains(
                        "millrace_operation_duration_seconds_bucket" + labels + ",le=\"0.002\"} 0",
                        "millrace_operation_duration_seconds_bucket" + labels + ",le=\"0.005\"} 1",
                        "millrace_operation_duration_seconds_bucket" + labels + ",le=\"+Inf\"} 2",
                        "millrace_operation_duration_seconds_count" + labels + "} 2",
                        "millrace_operation_duration_seconds_sum" + labels + "} 0.073",
                        "millrace_operation_errors_total" + labels + "} 1.0",
                        "millrace_link_duration_seconds_count" + link + "} 2",
                        "millrace_link_errors_total" + link + "} 1.0");
    }

    @Test
    void showsExemplarsOfStoredTracesOnlyWhereTheFormatHasThem() {
        // When
        trace(DROPPED, "GET /", 3, false, false);
        trace(KEPT, "GET /", 70, true, true);

        // Then
        assertThat(scrape(OPEN_METRICS))
                .contains("# {span_id=\"0000000000000007\",trace_id=\"" + KEPT + "\"} 0.07 1.0")
                .doesNotContain(DROPPED.toString());
        assertThat(scrape("text/plain")).doesNotContain(KEPT.toString());
    }

    @Test
    void countsWhatIsBeyondTheBoundsAsOther() {
        // When
        for (int i = 0; i < 5; i++) {
            trace(KEPT, "GET /" + i, 3, false, true);
        }

        // Then
        assertThat(scrape("text/plain"))
                .contains(
                        "millrace_operation_duration_seconds_count{kind=\"unspecified\","
                                + "operation=\"other\",service=\"other\",tenant=\"default\"} 3");
    }

    private String scrape(String accept) {
        var page = Objects.requireNonNull(metrics.pages().get("/metrics"));
        return page.apply(accept).body();
    }

    private void trace(TraceId id, String name, long millis, boolean failed, boolean stored) {
        var resource =
                Attributes.of(new Attribute("service.name", new AttributeValue.Text("shop")));
        long end = 1_000_000_000;
        var span =
                Span.builder(id, new SpanId(7))
                        .name(name)
                        .kind(SpanKind.SERVER)
                        .time(end - millis * 1_000_000, end)
                        .status(failed ? new Status(Status.Code.ERROR, "") : Status.UNSET)
                        .resource(new Resource(resource, 0, ""))
                        .build();
        var index = new SpanIndex();
        index.add(id, OtlpEncoder.encode(List.of(span)));
        var figures = new Analysis(AnalysisConfig.DEFAULT, SpanWeight.ONE).partition();
        figures.begin(Tenant.DEFAULT, id);
        figures.observe(index, new int[] {0});
        figures.end(stored);
        figures.take(new Origin("spans", 0, 1)).forEach(totals::add);
    }
}
