package dev.millrace.verification;

import dev.millrace.deploy.Chart;
import dev.millrace.testkit.search.SearchServer;
import dev.millrace.verification.MillraceProcess.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Sends ten times the usual traffic for a while to aggregators and ingesters whose number follows
/// their lag by the rules of the Helm chart, and tells what became of the spans.
public final class ScalingProof {

    private static final Path CHART = Path.of("deploy/helm/millrace");

    /// How many times as fast as in the chart the clock of the rules is.
    private static final int HASTE = 15;

    private static final int PARTITIONS = 4;

    /// Ready soon, since many start at a time on few cores.
    private static final String JAVA_OPTIONS = "-Xmx384m -XX:TieredStopAtLevel=1";

    private ScalingProof() {}

    /// Arguments: spans per second of the usual traffic, seconds of the burst, seed of the load.
    public static void main(String[] arguments) throws Exception {
        long rate = arguments.length > 0 ? Long.parseLong(arguments[0]) : 200;
        long seconds = arguments.length > 1 ? Long.parseLong(arguments[1]) : 60;
        long seed = arguments.length > 2 ? Long.parseLong(arguments[2]) : 1;
        Path directory = Files.createTempDirectory("millrace-scaling-");
        System.out.println("seed " + seed + ": logs and truth in " + directory);
        ScalingReport report;
        try (var server = SearchStoreServer.launch(SearchServer.Kind.OPENSEARCH);
                var run =
                        new ScalingRun(
                                directory,
                                Program.assembled(JAVA_OPTIONS),
                                server,
                                rule("aggregator", 4 * rate),
                                rule("ingester", rate),
                                rate,
                                Duration.ofSeconds(seconds),
                                seed)) {
            report = run.run();
        }
        System.out.print(report);
        if (report.passes()) {
            Start.delete(directory);
        }
        System.out.println(
                report.passes()
                        ? "Nothing is lost, nothing is twice, and as few processes run as before."
                        : "FAILED, see " + directory);
        System.exit(report.passes() ? 0 : 1);
    }

    /// What the chart says of a role where there are few partitions and processes.
    ///
    /// @param share records that one process may be behind
    private static ScalingRule rule(String role, long share) {
        var values = new TreeMap<String, String>();
        values.put("bootstrapServers", "kafka:9092");
        values.put("keda.enabled", "true");
        for (var topic : List.of("spans", "traces-complete")) {
            values.put("topics." + topic + ".partitions", Integer.toString(PARTITIONS));
        }
        for (var each : List.of("aggregator", "ingester")) {
            values.put(each + ".autoscaling.min", "1");
            values.put(each + ".autoscaling.max", Integer.toString(PARTITIONS));
        }
        values.put(role + ".autoscaling.lag", Long.toString(share));
        return new Chart(CHART)
                .render(List.of(), Map.copyOf(values)).stream()
                        .filter(document -> document.text().contains("kind: ScaledObject"))
                        .filter(document -> document.text().contains("name: millrace-" + role))
                        .map(ScalingRule::of)
                        .findFirst()
                        .orElseThrow()
                        .faster(HASTE);
    }
}
