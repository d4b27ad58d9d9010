package dev.millrace.deploy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The Helm chart, rendered as `helm template` would.
public final class Chart {

    /// A cluster of these days; what the chart asks for at least stands in `Chart.yaml`.
    private static final String KUBERNETES = "1.33.0";

    private static final Pattern SOURCE = Pattern.compile("# Source: millrace/templates/(\\S+)\n");

    private final Path directory;

    /// @param directory where `Chart.yaml` is
    public Chart(Path directory) {
        this.directory = directory;
    }

    /// One document of a rendering.
    ///
    /// @param template the file that it comes from, below `templates`
    /// @param text YAML, without the line that names the template
    public record Document(String template, String text) {}

    /// Every document, in the order in which Helm would create them.
    ///
    /// @param values files whose values count instead of the chart's own; the last one wins
    /// @param settings single values, by their paths with dots
    /// @throws IllegalStateException saying which value the chart does not take
    public List<Document> render(List<Path> values, Map<String, ?> settings) {
        var command =
                new Helm(directory).template().withName("millrace").withKubeVersion(KUBERNETES);
        values.forEach(command::withValuesFile);
        settings.forEach(command::set);
        var documents = new ArrayList<Document>();
        String template = "";
        for (String text : command.call().split("(?m)^---\n", -1)) {
            var source = SOURCE.matcher(text);
            if (source.find()) {
                template = source.group(1);
                text = source.replaceFirst("");
            }
            // Helm names the template once where several documents of it begin with a line of
            // dashes.
            if (!text.lines().allMatch(line -> line.isBlank() || line.startsWith("#"))) {
                documents.add(new Document(template, text.strip() + "\n"));
            }
        }
        return documents;
    }

    /// What Helm finds wrong with the chart itself.
    public LintResult lint() {
        return new Helm(directory).lint().strict().call();
    }
}
