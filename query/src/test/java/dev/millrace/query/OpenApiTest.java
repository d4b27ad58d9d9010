package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.query.system.SystemView;
import dev.millrace.storage.api.DecisionLookup;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The description of our own API says what is bound, no less and no more.
class OpenApiTest {

    private static final Pattern EXPECTED =
            Pattern.compile(".*\\(expected: (?:no parameters|one of (.*))\\).*");
    private static final JsonNode DOCUMENT = OpenApiCheck.read(RunningQuery.golden("openapi.json"));

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
        query.store.keep(SampleTraces.rich());
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static List<String> described() {
        var paths = new ArrayList<String>();
        DOCUMENT.path("paths").fieldNames().forEachRemaining(paths::add);
        return paths;
    }

    @Test
    void isServedAsItStandsInTheProgram() {
        // When
        var response = query.get(OpenApiDescription.PATH);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/json"));
        assertThat(response.headers().firstValue("cache-control"))
                .hasValue("max-age=300, must-revalidate");
        assertThat(OpenApiCheck.read(response.body())).isEqualTo(DOCUMENT);
        assertThat(DOCUMENT.path("openapi").asText()).startsWith("3.1.");
    }

    @Test
    void describesEveryPathThatIsBoundAndNoOther() {
        // Given
        var config = new QueryConfig("h", 0, Duration.ofSeconds(1), 1, 1);
        var bound = new ArrayList<String>();

        // When
        new NativeEndpoints(
                        config,
                        query.store,
                        DecisionLookup.none("none"),
                        SystemView.none("none"),
                        InstantSource.system(),
                        System::nanoTime)
                .bind((path, _, _) -> bound.add(path));

        // Then
        assertThat(described()).containsExactlyInAnyOrderElementsOf(bound);
    }

    @ParameterizedTest
    @MethodSource("described")
    void describesEveryParameterThatIsTakenAndNoOther(String path) {
        // When: the server tells what it takes.
        var refusal = query.get(filled(path) + "?no-such-parameter=1");

        // Then
        assertThat(refusal.statusCode()).isEqualTo(400);
        var taken = EXPECTED.matcher(refusal.body());
        assertThat(taken.matches()).as(refusal.body()).isTrue();
        var names =
                taken.group(1) == null
                        ? Set.<String>of()
                        : new TreeSet<>(Arrays.asList(taken.group(1).split(", ")));
        assertThat(parameters(path, "query")).isEqualTo(names);
        assertThat(parameters(path, "path")).isEqualTo(variables(path));
        assertThat(parameters(path, "header")).containsExactly("X-Scope-OrgID");
    }

    @ParameterizedTest
    @MethodSource("described")
    void takesEveryValueThatIsEnumerated(String path) {
        for (var parameter : operation(path).path("parameters")) {
            var described = followed(parameter);
            for (var value : followed(described.path("schema")).path("enum")) {
                // When
                var address =
                        filled(path) + "?" + described.path("name").asText() + "=" + value.asText();

                // Then
                assertThat(query.get(address).statusCode()).as(address).isNotEqualTo(400);
            }
        }
    }

    @Test
    void refersOnlyToWhatThereIs() {
        // Given
        var references = new HashSet<String>();
        collect(DOCUMENT, references);

        // Then
        assertThat(references)
                .isNotEmpty()
                .allSatisfy(reference ->
                        assertThat(DOCUMENT.at(reference.substring(1)).isMissingNode())
                                .as(reference)
                                .isFalse());
        var unused =
                StreamSupport.stream(DOCUMENT.path("components").spliterator(), false)
                        .flatMap(kind -> fieldNames(kind))
                        .filter(name ->
                                references.stream()
                                        .noneMatch(reference -> reference.endsWith("/" + name)))
                        .toList();
        assertThat(unused).containsExactlyInAnyOrder("bearer", "basic");
        assertThat(described().stream().map(path -> operation(path).path("operationId").asText()))
                .doesNotHaveDuplicates()
                .doesNotContain("");
    }

    private static void collect(JsonNode node, Set<String> into) {
        if (node.has("$ref")) {
            into.add(node.path("$ref").asText());
        }
        node.forEach(child -> collect(child, into));
    }

    private static Stream<String> fieldNames(JsonNode node) {
        var names = new ArrayList<String>();
        node.fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    private static JsonNode operation(String path) {
        return DOCUMENT.path("paths").path(path).path("get");
    }

    private static Set<String> parameters(String path, String in) {
        var names = new TreeSet<String>();
        for (var parameter : operation(path).path("parameters")) {
            var described = followed(parameter);
            if (described.path("in").asText().equals(in)) {
                names.add(described.path("name").asText());
                assertThat(described.path("description").asText()).as("%s", described).isNotEmpty();
            }
        }
        return names;
    }

    private static JsonNode followed(JsonNode node) {
        return node.has("$ref") ? DOCUMENT.at(node.path("$ref").asText().substring(1)) : node;
    }

    private static Set<String> variables(String path) {
        var names = new TreeSet<String>();
        var variables = Pattern.compile("\\{(\\w+)}").matcher(path);
        while (variables.find()) {
            names.add(variables.group(1));
        }
        return names;
    }

    private static String filled(String path) {
        return path.replace("{traceId}", SampleTraces.RICH.toString())
                .replaceAll("\\{\\w+}", "shop");
    }
}
