package dev.millrace.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The base, the components and the edge below `deploy/kubernetes`, made of the chart.
///
/// The base is the chart with Kafka run by Strimzi. A component is what one more feature adds to
/// it; what a feature changes in documents of the base is a patch written by hand beside it. The
/// edge is the chart with the values for one, for it shares little with the base but the shape. The
/// other overlays are written by hand.
public final class Kustomize {

    private static final Map<String, String> BASE = Map.of("strimzi.enabled", "true");

    /// Components by the values that switch their features on.
    private static final Map<String, Map<String, String>> COMPONENTS =
            Map.of(
                    "agent", Map.of("agent.enabled", "true"),
                    "keda", Map.of("keda.enabled", "true"),
                    "monitoring", Map.of("monitoring.enabled", "true"),
                    "mirror",
                            Map.of(
                                    "mirror.enabled", "true",
                                    "mirror.sites[0].name", "site-a",
                                    "mirror.sites[0].bootstrapServers", "kafka.site-a.example:9093",
                                    "mirror.sites[0].caSecret", "site-a-ca",
                                    "mirror.sites[0].userSecret", "site-a-mirror"));

    private static final Pattern IDENTITY =
            Pattern.compile("(?ms)^kind: (\\S+)$.*?^  name: (\\S+)$");

    private static final String HEAD =
            "# Rendered from deploy/helm/millrace by ./dev manifests. Do not edit.\n";

    private final Chart chart;
    private final Path edge;

    /// @param edge the values for a site that only takes spans in
    public Kustomize(Chart chart, Path edge) {
        this.chart = chart;
        this.edge = edge;
    }

    /// Writes the files anew.
    ///
    /// @param args the chart's directory, the values for an edge, and `deploy/kubernetes`
    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            throw new IllegalArgumentException(
                    List.of(args)
                            + " (expected: the chart's directory, the values for an edge, and the"
                            + " directory of the manifests)");
        }
        Path target = Path.of(args[2]);
        var kustomize = new Kustomize(new Chart(Path.of(args[0])), Path.of(args[1]));
        for (var file : kustomize.files().entrySet()) {
            Path path = target.resolve(file.getKey());
            Files.createDirectories(path.resolveSibling("."));
            Files.writeString(path, file.getValue());
        }
    }

    /// What the generated files have to say, by their paths.
    public Map<String, String> files() {
        var files = new TreeMap<String, String>();
        var base = chart.render(List.of(), BASE);
        var known = new HashSet<String>();
        for (var document : base) {
            known.add(identity(document));
            add(files, "base", document);
        }
        COMPONENTS.forEach((name, values) -> {
            var settings = new LinkedHashMap<>(BASE);
            settings.putAll(values);
            for (var document : chart.render(List.of(), settings)) {
                if (!known.contains(identity(document))) {
                    add(files, "components/" + name, document);
                }
            }
        });
        for (var document : chart.render(List.of(edge), Map.of())) {
            add(files, "overlays/edge", document);
        }
        return files;
    }

    private static void add(Map<String, String> files, String folder, Chart.Document document) {
        String name = document.template().substring(document.template().lastIndexOf('/') + 1);
        files.merge(
                folder + "/" + name,
                HEAD + document.text(),
                (there, more) -> there + "---\n" + document.text());
    }

    private static String identity(Chart.Document document) {
        var identity = IDENTITY.matcher(document.text());
        if (!identity.find()) {
            throw new IllegalStateException(
                    document.template() + ": a document without kind and name");
        }
        return identity.group(1) + "/" + identity.group(2);
    }
}
