package dev.millrace.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Alerts and dashboard ask for metrics that the program has, and the guide says what to do.
final class MonitoringTest {

    private static final Pattern NAME =
            Pattern.compile("\\b(?:millrace|kube|jvm|process|system)_\\w+");
    private static final Pattern STRING = Pattern.compile("\"[^\"]*\"");
    private static final Pattern DOCUMENTED = Pattern.compile("`(millrace\\.[a-z.]+)`");

    /// What a scrape adds to the name of a metric.
    private static final Pattern SUFFIX = Pattern.compile("(_seconds)?(_total|_count|_sum|_max)?$");

    /// The JVM's and the process's own, which come from Micrometer, and one of kube-state-metrics.
    private static final Set<String> OF_OTHERS =
            Set.of(
                    "jvm_memory_used_bytes",
                    "kube_job_status_failed",
                    "process_cpu_usage",
                    "system_cpu_count");

    private static final Rendering RENDERING =
            Rendering.of(Map.of("bootstrapServers", "kafka:9092", "monitoring.enabled", "true"));

    private static Set<String> documented() {
        return DOCUMENTED
                .matcher(Repository.read(Repository.ROOT.resolve("docs/reference/metrics.md")))
                .results()
                .map(found -> found.group(1).replace('.', '_'))
                .collect(Collectors.toSet());
    }

    private static List<JsonNode> alerts() {
        return RENDERING
                .ofKind("PrometheusRule")
                .findFirst()
                .orElseThrow()
                .at("/spec/groups/0/rules")
                .valueStream()
                .toList();
    }

    private static JsonNode dashboard() {
        String json =
                RENDERING
                        .find("ConfigMap", "millrace-dashboard")
                        .orElseThrow()
                        .at("/data/millrace.json")
                        .asText();
        return Rendering.parse(json).getFirst();
    }

    private static List<String> expressions() {
        var expressions = new ArrayList<String>();
        alerts().forEach(alert -> expressions.add(alert.path("expr").asText()));
        dashboard()
                .path("panels")
                .forEach(panel ->
                        panel.path("targets")
                                .forEach(target -> expressions.add(target.path("expr").asText())));
        return expressions;
    }

    @Test
    void everyMetricAskedForIsInTheReference() {
        // Given
        var documented = documented();

        // When
        var unknown = new TreeSet<String>();
        for (String expression : expressions()) {
            NAME.matcher(STRING.matcher(expression).replaceAll("\"\""))
                    .results()
                    .map(found -> found.group())
                    .filter(name -> !OF_OTHERS.contains(name))
                    .filter(name ->
                            !documented.contains(name)
                                    && !documented.contains(SUFFIX.matcher(name).replaceFirst(""))
                                    && !documented.contains(name.replaceFirst("_total$", "")))
                    .forEach(unknown::add);
        }

        // Then
        assertThat(expressions()).hasSizeGreaterThan(40);
        assertThat(unknown).as("not in docs/reference/metrics.md").isEmpty();
    }

    @Test
    void expressionsAreBalanced() {
        assertThat(expressions())
                .allSatisfy(expression -> {
                    String bare = STRING.matcher(expression).replaceAll("");
                    for (String pair : List.of("()", "{}", "[]")) {
                        assertThat(bare.chars().filter(c -> c == pair.charAt(0)).count())
                                .as("%s in %s", pair, expression)
                                .isEqualTo(bare.chars().filter(c -> c == pair.charAt(1)).count());
                    }
                });
    }

    @Test
    void theGuideHasAWordOnEveryAlert() {
        // Given
        String guide = Repository.read(Repository.ROOT.resolve("docs/operations.md"));

        // Then
        assertThat(alerts())
                .hasSizeGreaterThan(10)
                .allSatisfy(alert ->
                        assertThat(guide).contains("\n| " + alert.path("alert").asText() + " |"));
    }

    @Test
    void whatTheIssueAsksForIsWatched() {
        assertThat(expressions())
                .anyMatch(expression -> expression.contains("millrace_consumer_lag_seconds"))
                .anyMatch(expression -> expression.contains("millrace_spans_rejected_total"))
                .anyMatch(expression -> expression.contains("millrace_store_failures_total"))
                .anyMatch(expression -> expression.contains("kube_job_status_failed"));
    }

    @Test
    void theLastAlertOnLagComesAtHalfOfTheShortestRetention() {
        // When
        var rendering = Rendering.of(Map.of(), Repository.VALUES.resolve("production.yaml"));

        // Then
        assertThat(rendering.ofKind("PrometheusRule").findFirst().orElseThrow().toString())
                .contains("millrace_consumer_lag_seconds) > " + 6 * 3600 / 2 + "\"");
    }

    @Test
    void metricsAreReadWhereTheProgramOffersThem() {
        // Given
        var monitor = RENDERING.ofKind("ServiceMonitor").findFirst().orElseThrow();
        var service = RENDERING.find("Service", "millrace-pods").orElseThrow();

        // Then
        assertThat(monitor.at("/spec/endpoints/0/port"))
                .isEqualTo(service.at("/spec/ports/0/name"));
        assertThat(monitor.at("/spec/endpoints/0/path").asText()).isEqualTo("/metrics");
        assertThat(Repository.read(Repository.ROOT.resolve("docs/reference/metrics.md")))
                .contains("at `/metrics` on port 8888");
    }

    @Test
    void panelsDoNotOverlap() {
        // Given
        var taken = new TreeSet<String>();

        // Then
        for (JsonNode panel : dashboard().path("panels")) {
            var place = panel.path("gridPos");
            for (int x = 0; x < place.path("w").asInt(); x++) {
                for (int y = 0; y < place.path("h").asInt(); y++) {
                    assertThat(
                                    taken.add(
                                            (place.path("x").asInt() + x)
                                                    + ","
                                                    + (place.path("y").asInt() + y)))
                            .as(panel.path("title").asText())
                            .isTrue();
                }
            }
            assertThat(place.path("x").asInt() + place.path("w").asInt()).isLessThanOrEqualTo(24);
        }
    }
}
