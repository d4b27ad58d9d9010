package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.server.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What the documents name exists.
final class DocumentsTest {

    private static final Path FLAWS = Path.of("docs/reference/zipkin-storage-kafka.md");

    private static final Pattern FENCE = Pattern.compile("(?ms)^```.*?^```$");
    private static final Pattern QUOTED = Pattern.compile("`([^`\n]+)`");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]+]\\(([^)\\s]+)\\)");
    private static final Pattern TYPE = Pattern.compile("([A-Z][a-z]+[A-Za-z]*)(\\.[A-Z]\\w+)?");
    private static final Pattern PATH =
            Pattern.compile("\\.?[\\w-]+(/[\\w.-]+)+/?|[\\w-]+\\.(md|xml)");
    private static final Pattern DECLARED =
            Pattern.compile("\\b(?:class|interface|record|enum) ([A-Z]\\w*)");
    private static final Pattern TEST = Pattern.compile("(\\w+(?:Test|Contract))\\.([a-z]\\w+)");
    private static final Pattern TEST_BEGINS = Pattern.compile("@(?:Parameterized)?Test\\b");
    private static final Pattern METHOD = Pattern.compile("\\bvoid (\\w+)\\(");
    private static final Pattern COMMAND = Pattern.compile("\\./(millrace|dev) +([a-z][a-z-]*)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");

    private static List<Path> documents() {
        return Repository.files(".md");
    }

    private static String prose(Path document) {
        return FENCE.matcher(Repository.read(document)).replaceAll("");
    }

    private static List<String> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }

    @Test
    void everyPathNamedExists() {
        // Given
        var missing = new ArrayList<String>();

        // When
        for (Path document : documents()) {
            for (String name : matches(QUOTED, prose(document))) {
                if (PATH.matcher(name).matches() && !Files.exists(Repository.ROOT.resolve(name))) {
                    missing.add(document + " names " + name);
                }
            }
        }

        // Then
        assertThat(missing).isEmpty();
    }

    @Test
    void everyTypeNamedExists() {
        // Given
        Set<String> types = new HashSet<>();
        for (Path source : Repository.files(".java")) {
            types.addAll(matches(DECLARED, Repository.read(source)));
        }
        var missing = new ArrayList<String>();

        // When
        for (Path document : documents()) {
            for (String name : matches(QUOTED, prose(document))) {
                var type = TYPE.matcher(name);
                if (type.matches() && !types.contains(type.group(1))) {
                    missing.add(document + " names " + name);
                }
            }
        }

        // Then
        assertThat(types).contains("Span");
        assertThat(missing).isEmpty();
    }

    @Test
    void everyTestNamedExists() {
        // Given
        var tests = new HashMap<String, Set<String>>();
        for (Path source : Repository.files(".java")) {
            String name = source.getFileName().toString().replace(".java", "");
            tests.computeIfAbsent(name, _ -> new HashSet<>()).addAll(tests(source));
        }
        var missing = new ArrayList<String>();
        var named = new HashSet<Path>();

        // When
        for (Path document : documents()) {
            for (String name : matches(QUOTED, prose(document))) {
                var test = TEST.matcher(name);
                if (test.matches()) {
                    named.add(Repository.ROOT.relativize(document));
                    if (!tests.getOrDefault(test.group(1), Set.of()).contains(test.group(2))) {
                        missing.add(document + " names " + name);
                    }
                }
            }
        }

        // Then
        assertThat(named).contains(FLAWS);
        assertThat(missing).isEmpty();
    }

    private static Set<String> tests(Path source) {
        return TEST_BEGINS
                .splitAsStream(Repository.read(source))
                .skip(1)
                .map(METHOD::matcher)
                .filter(Matcher::find)
                .map(method -> method.group(1))
                .collect(Collectors.toSet());
    }

    @Test
    void eachFlawOfZipkinStorageKafkaHasATestThatShowsItIsNotOurs() {
        // When
        var rows =
                prose(Repository.ROOT.resolve(FLAWS))
                        .lines()
                        .filter(line -> line.matches("\\| \\d+ \\| .*"))
                        .toList();

        // Then
        assertThat(rows)
                .hasSize(18)
                .allSatisfy(row ->
                        assertThat(matches(QUOTED, row.substring(row.lastIndexOf(" | "))))
                                .isNotEmpty()
                                .allMatch(name -> TEST.matcher(name).matches()));
    }

    @Test
    void everyLinkLeadsSomewhere() {
        // Given
        var broken = new ArrayList<String>();

        // When
        for (Path document : documents()) {
            for (String link : matches(LINK, prose(document))) {
                if (!link.startsWith("http") && !leadsSomewhere(document, link)) {
                    broken.add(document + " links to " + link);
                }
            }
        }

        // Then
        assertThat(broken).isEmpty();
    }

    private static boolean leadsSomewhere(Path document, String link) {
        int hash = link.indexOf('#');
        String path = hash < 0 ? link : link.substring(0, hash);
        Path target = path.isEmpty() ? document : document.resolveSibling(path);
        if (!Files.exists(target)) {
            return false;
        }
        return hash < 0 || anchors(target).contains(link.substring(hash + 1));
    }

    private static List<String> anchors(Path document) {
        return matches(HEADING, Repository.read(document)).stream()
                .map(heading -> heading.toLowerCase(Locale.ROOT).replaceAll("[^\\w -]", ""))
                .map(heading -> heading.replace(' ', '-'))
                .toList();
    }

    @Test
    void everyCommandShownExists() throws IOException {
        // Given
        Set<String> known = new TreeSet<>();
        Commands.names().forEach(name -> known.add("millrace " + name));
        matches(
                        Pattern.compile("(?m)^  ([a-z]+)\\) "),
                        Files.readString(Repository.ROOT.resolve("dev")))
                .forEach(task -> known.add("dev " + task));
        var unknown = new TreeSet<String>();

        // When
        for (Path document : documents()) {
            COMMAND.matcher(Repository.read(document))
                    .results()
                    .map(found -> found.group(1) + " " + found.group(2))
                    .filter(command -> !known.contains(command))
                    .forEach(command -> unknown.add(document + " shows ./" + command));
        }

        // Then
        assertThat(known).contains("millrace up", "dev test");
        assertThat(unknown).isEmpty();
    }

    @Test
    void everyTaskOfTheDeveloperIsExplainedByHelp() {
        // Given
        String script = Repository.read(Repository.ROOT.resolve("dev"));
        String help = script.substring(script.indexOf("<<'EOF'"), script.indexOf("\nEOF"));

        // When
        var tasks = new ArrayList<>(matches(Pattern.compile("(?m)^  ([a-z]+)\\) "), script));
        tasks.remove("fresh"); // for the launcher, not for people

        // Then
        assertThat(tasks)
                .contains("test")
                .allSatisfy(task -> assertThat(help).contains("./dev " + task + " "));
    }
}
