package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.client.WebClient;
import com.linecorp.armeria.server.Server;
import java.net.URL;
import java.net.URLClassLoader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {

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
                "/",
                "/index.html",
                "/search",
                "/search?service=a",
                "/trace/4bf92f",
                "/a/b/c"
            })
    void givesTheFirstPageForEveryAddressOfTheUi(String path) {
        // When
        var response = query.get(path, "accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).contains("<title>Millrace</title>");
        var headers = response.headers();
        assertThat(headers.firstValue("cache-control")).hasValue("no-cache");
        assertThat(headers.firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(headers.firstValue("content-security-policy"))
                .hasValueSatisfying(policy ->
                        assertThat(policy)
                                .startsWith("default-src 'self'")
                                .doesNotContain("unsafe"));
    }

    @Test
    void letsAssetsBeKeptForEver() {
        // When
        var response = query.get("/assets/app-1a2b3c.js");

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).contains("javascript"));
        assertThat(response.headers().firstValue("cache-control"))
                .hasValueSatisfying(value -> assertThat(value).contains("immutable"));
    }

    @Test
    void givesOtherFilesAsTheyAre() {
        // When
        var response = query.get("/favicon.svg");

        // Then
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("image/svg+xml"));
        assertThat(response.headers().firstValue("cache-control")).hasValue("no-cache");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/assets/none.js", "/none.png", "/../pom.xml", "/%2e%2e/x"})
    void hasNoFileThatIsNotThere(String path) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isIn(400, 404);
    }

    @Test
    void saysWhenTheUiWasNotBuilt() throws Exception {
        // Given
        try (var nothing = new URLClassLoader(new URL[0], null);
                var server = Server.builder().service("/", new Pages(nothing).index()).build()) {
            server.start().join();

            // When
            var response =
                    WebClient.of("http://127.0.0.1:" + server.activeLocalPort())
                            .blocking()
                            .get("/");

            // Then
            assertThat(response.status().code()).isEqualTo(404);
            assertThat(response.contentUtf8()).contains("without the web UI (-Dui.skip)");
        }
    }
}
