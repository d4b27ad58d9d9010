package dev.millrace.sampling.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/// The published schema of policy files says what [PolicyFile] does.
class PolicySchemaTest {

    private static final Path DOCS = Path.of("..", "docs");
    private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
    private static final JsonSchema SCHEMA = schema();

    private static JsonSchema schema() {
        try {
            return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                    .getSchema(Files.readString(DOCS.resolve("reference/policy.schema.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<ValidationMessage> problems(String policy) {
        Object value = new Yaml(new SafeConstructor(new LoaderOptions())).load(policy);
        return SCHEMA.validate(new ObjectMapper().valueToTree(value));
    }

    /// Every example that is a policy and no setting, on the pages about them.
    private static List<String> examples() throws IOException {
        var examples = new ArrayList<String>();
        try (Stream<Path> pages = Files.walk(DOCS)) {
            for (var page : pages.filter(path -> path.toString().endsWith(".md")).toList()) {
                String text = Files.readString(page);
                var matcher = YAML.matcher(text.contains("policy.schema.json") ? text : "");
                while (matcher.find()) {
                    if (matcher.group(1).contains("rules:")
                            && !matcher.group(1).contains("sampling:")) {
                        examples.add(matcher.group(1));
                    }
                }
            }
        }
        assertThat(examples).isNotEmpty();
        return examples;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void takesEveryExampleOfTheDocuments(String policy) {
        assertThatCode(() -> PolicyFile.read("example", policy)).doesNotThrowAnyException();
        assertThat(problems(policy)).isEmpty();
    }

    @Test
    void takesEveryConditionThatIsTestedElsewhere() {
        for (String line : JudgeTest.CONDITIONS.lines().toList()) {
            String condition = line.substring(0, line.indexOf('|'));
            String policy = "rules: [{name: it, when: " + condition + "}]";
            assertThatCode(() -> PolicyFile.read("p", policy)).doesNotThrowAnyException();
            assertThat(problems(policy)).as(condition).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "preset: keep-all",
                "{preset: tail, budget: {spans-per-second: 500, bytes-per-second: 2MiB}}",
                "{preset: hybrid, choice: first, budget: {bytes-per-second: 1000}}",
                "rules: [{name: a, keep: 0.5}, {name: b, keep: 100%}, {name: c, keep: 0%}]",
                "rules: [{name: a, when: {slower-than: p99.9}}]",
                "rules: [{name: a, when: {attributes: {n: [1, x*, {at-least: -1.5}, true]}}}]",
                "rules: [{name: a, when: {not: {any: [{error: any}, {not: {service: a}}]}}}]",
                "rules: [{name: a, when: {all: [{chance: 10%}, {error: root}]}}]",
            })
    void takesWhatIsAPolicy(String policy) {
        assertThatCode(() -> PolicyFile.read("p", policy)).doesNotThrowAnyException();
        assertThat(problems(policy)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rules: []",
                "preset: most",
                "preset: head",
                "{preset: tail, rules: [{name: a}]}",
                "choice: first",
                "{rules: [{name: a}], choice: last}",
                "{rules: [{name: a}], limits: {}}",
                "rules: [{name: a, keep: 200%}]",
                "rules: [{name: a, keep: 1.5}]",
                "rules: [{name: a, keep: -1%}]",
                "rules: [{name: a, keep: much}]",
                "rules: [{when: {error: any}}]",
                "rules: [{name: a b}]",
                "rules: [{name: ''}]",
                "rules: [{name: a, when: {eror: any}}]",
                "rules: [{name: a, when: {}}]",
                "rules: [{name: a, when: {error: some}}]",
                "rules: [{name: a, when: {error: true}}]",
                "rules: [{name: a, when: {slower-than: p0}}]",
                "rules: [{name: a, when: {slower-than: p100}}]",
                "rules: [{name: a, when: {slower-than: long}}]",
                "rules: [{name: a, when: {slower-than: 5}}]",
                "rules: [{name: a, when: {not: {chance: 10%}}}]",
                "rules: [{name: a, when: {not: {all: [{error: any}, {chance: 10%}]}}}]",
                "rules: [{name: a, when: {not: {not: {chance: 10%}}}}]",
                "rules: [{name: a, when: {all: []}}]",
                "rules: [{name: a, when: {any: {error: any}}}]",
                "rules: [{name: a, when: {root: {kind: server}}}]",
                "rules: [{name: a, when: {span: {kind: sever}}}]",
                "rules: [{name: a, when: {span: {error: any}}}]",
                "rules: [{name: a, when: {span: {slower-than: p95}}}]",
                "rules: [{name: a, when: {sampled: maybe}}]",
                "rules: [{name: a, when: {span-count: {at-least: -1}}}]",
                "rules: [{name: a, when: {span-count: {at-least: 1.5}}}]",
                "rules: [{name: a, when: {span-count: 5}}]",
                "rules: [{name: a, when: {attributes: {n: []}}}]",
                "rules: [{name: a, when: {attributes: {n: null}}}]",
                "rules: [{name: a, when: {attributes: {n: {above: 1}}}}]",
                "rules: [{name: a, when: {attributes: {n: {at-least: much}}}}]",
                "rules: [{name: a, when: {attributes: {n: {present: false}}}}]",
                "rules: [{name: a, when: {attributes: {n: {present: true, at-least: 1}}}}]",
                "rules: [{name: a, when: {trace-state: gold}}]",
                "{preset: tail, budget: {spans-per-second: -1}}",
                "{preset: tail, budget: {spans-per-second: many}}",
                "{preset: tail, budget: {bytes-per-second: 2MB}}",
                "{preset: tail, budget: {traces-per-second: 2}}",
                "[]",
            })
    void refusesWhatIsNone(String policy) {
        assertThatThrownBy(() -> PolicyFile.read("p", policy))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(problems(policy)).isNotEmpty();
    }

    /// What a schema cannot say is left to the one who reads the file.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rules: [{name: a}, {name: a}]",
                "rules: [{name: a, name: b}]",
                "rules: [{name: a, when: {span-count: {at-least: 5, at-most: 4}}}]",
                "rules: [{name: a, when: {attributes: {n: {at-least: 5, at-most: 4}}}}]",
            })
    void leavesWhatPlacesSayOfEachOtherToTheReader(String policy) {
        assertThatThrownBy(() -> PolicyFile.read("p", policy))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(problems(policy)).isEmpty();
    }
}
