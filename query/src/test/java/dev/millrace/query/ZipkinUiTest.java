package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Zipkin's UI as it is served; what it shows is seen in a browser elsewhere.
class ZipkinUiTest {

    private static RunningQuery query;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/zipkin/",
                "/zipkin/index.html",
                "/zipkin/?serviceName=shop",
                "/zipkin/traces/4bf92f3577b34da6",
                "/zipkin/dependency",
                "/zipkin/traceViewer"
            })
    void givesTheFirstPageForEveryAddressOfTheUi(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .contains("<base href=\"/zipkin/\"", "<title>Zipkin</title>")
                .doesNotContain("http://", "https://");
        assertThat(response.headers().firstValue("cache-control")).hasValue("no-cache");
        assertThat(response.headers().firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(response.headers().firstValue("content-security-policy"))
                .hasValueSatisfying(policy ->
                        assertThat(policy)
                                .startsWith("default-src 'self'")
                                .doesNotContain("script-src", "unsafe-eval"));
    }

    @Test
    void letsWhatThePageNeedsBeKeptForEver() {
        // Given
        var page = query.get("/zipkin/").body();
        var needed =
                Pattern.compile("\"(/zipkin/static/[^\"]+)\"")
                        .matcher(page)
                        .results()
                        .map(found -> found.group(1))
                        .toList();
        assertThat(needed).hasSize(2);

        for (var path : needed) {
            // When
            var response = query.get(path);

            // Then
            assertThat(response.statusCode()).as(path).isEqualTo(200);
            assertThat(response.headers().firstValue("cache-control"))
                    .as(path)
                    .hasValue("public, max-age=31536000, immutable");
        }
        assertThat(query.get("/zipkin/favicon.ico").statusCode()).isEqualTo(200);
    }

    @Test
    void leadsFromItsNameToItsFirstPage() {
        // When
        var response = query.get("/zipkin");

        // Then
        assertThat(response.statusCode()).isEqualTo(302);
        assertThat(response.headers().firstValue("location")).hasValue("/zipkin/");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/zipkin/static/nothing.js", "/zipkin/nothing", "/zipkin/static/"})
    void hasNothingElse(String path) {
        assertThat(query.get(path).statusCode()).isEqualTo(404);
    }

    @Test
    void isNotServedWhereItIsNotWanted() {
        // Given
        var config = new ZipkinConfig(true, true, Duration.ofDays(1), List.of(), false);
        try (var without = new RunningQuery(config, query.store)) {
            // When
            var page = without.get("/zipkin/");
            var api = without.get("/zipkin/api/v2/services");

            // Then
            assertThat(page.statusCode()).isEqualTo(404);
            assertThat(api.statusCode()).isEqualTo(200);
        }
    }
}
