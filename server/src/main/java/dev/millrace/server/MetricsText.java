package dev.millrace.server;

import dev.millrace.query.system.PipelinePicture.Figure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Figures as a process writes them down for Prometheus, and which of them show how the pipeline
/// does: ours, but not those of single services or partitions, and a few of the process.
final class MetricsText {

    /// More are no figures of ours.
    private static final int MOST = 5_000;

    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)(?: \\S+)?");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

    private static final String OURS = "millrace_";
    private static final List<String> OF_SERVICES_AND_PARTITIONS =
            List.of("millrace_operation_", "millrace_link_", "millrace_consumer_lag");
    private static final Set<String> OF_THE_PROCESS =
            Set.of(
                    "process_cpu_usage",
                    "process_uptime_seconds",
                    "system_cpu_usage",
                    "system_cpu_count",
                    "jvm_memory_used_bytes",
                    "jvm_memory_max_bytes");

    private MetricsText() {}

    /// Whether a figure of this name is shown.
    static boolean isShown(String name) {
        // What it is, in labels, has a name of its own until it is written down.
        return OF_THE_PROCESS.contains(name)
                || OURS.equals(name + "_")
                || (name.startsWith(OURS)
                        && !name.endsWith("_bucket")
                        && OF_SERVICES_AND_PARTITIONS.stream().noneMatch(name::startsWith));
    }

    /// The figures that are shown; lines that are none are passed over.
    static List<Figure> read(Stream<String> lines) {
        var figures = new ArrayList<Figure>();
        lines.forEach(line -> {
            if (figures.size() < MOST && isShown(nameOf(line))) {
                var sample = SAMPLE.matcher(line);
                if (sample.matches()) {
                    add(figures, sample.group(1), sample.group(2), sample.group(3));
                }
            }
        });
        return figures;
    }

    // Cheap, for most lines of a large process are not shown.
    private static String nameOf(String line) {
        int end = 0;
        while (end < line.length() && line.charAt(end) != '{' && line.charAt(end) != ' ') {
            end++;
        }
        return line.substring(0, end);
    }

    private static void add(List<Figure> into, String name, @Nullable String labels, String value) {
        try {
            into.add(
                    new Figure(
                            name,
                            labels == null ? Map.of() : labels(labels),
                            Double.parseDouble(value.replace("Inf", "Infinity"))));
        } catch (NumberFormatException _) {
            // No number, no figure.
        }
    }

    private static Map<String, String> labels(String text) {
        var labels = new HashMap<String, String>();
        var label = LABEL.matcher(text);
        while (label.find()) {
            labels.put(
                    label.group(1),
                    label.group(2)
                            .replace("\\\"", "\"")
                            .replace("\\n", "\n")
                            .replace("\\\\", "\\"));
        }
        return labels;
    }
}
