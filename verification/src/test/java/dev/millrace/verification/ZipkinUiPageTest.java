package dev.millrace.verification;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import dev.millrace.model.TraceId;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Zipkin's own UI in a real browser, on spans that Zipkin's clients would have sent.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class ZipkinUiPageTest {

    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    private static RunningMillrace millrace;
    private static long now;
    private static String traceId;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace shared) throws Exception {
        millrace = shared;
        now = System.currentTimeMillis();
        traceId = Otlp.newTraceId().toString();
        post(trace());
        browser = new Browser(millrace.query());
        page = browser.page();
        millrace.awaitTrace(TraceId.parse(traceId), 3);
    }

    @AfterAll
    static void close() {
        browser.close();
    }

    @AfterEach
    void nothingElseWentWrongInThePage() {
        assertThat(browser.problems()).allMatch(ZipkinUiPageTest::isHarmless);
    }

    // Its libraries try whether they may make code of text, which no page here may, and do without;
    // its graph computes in a worker made of text of its own and is drawn by software.
    private static boolean isHarmless(String problem) {
        return problem.contains("'script-src'")
                || problem.startsWith("request to another host: blob:" + millrace.query() + "/")
                || problem.contains("GPU stall due to ReadPixels");
    }

    @Test
    void aSearchLeadsToATraceAndItsSpans() {
        // When
        page.navigate("/zipkin/?serviceName=lens-web&lookback=15m&limit=10&endTs=" + end());

        // Then
        var result = page.getByRole(AriaRole.ROW).filter(containing("lens-web: get /menu"));
        assertThat(result).hasCount(1);
        assertThat(result).containsText("90.000ms");
        shoot("zipkin-search");

        // When
        result.getByText("Show").click();

        // Then
        assertThat(page).hasURL(Pattern.compile(".*/zipkin/traces/" + traceId + "$"));
        assertThat(page.getByText("lens-web: get /menu").first()).isVisible();
        assertThat(page.getByText("http.path").first()).isVisible();

        // When
        page.getByText("lens-kitchen: fish of the day").click();

        // Then
        assertThat(page.getByText("turbot").first()).isVisible();
        shoot("zipkin-trace");
    }

    @Test
    void thePageOfDependenciesShowsWhoCallsWhom() {
        // Given
        millrace.patiently(() -> {
            var links = millrace.get("/zipkin/api/v2/dependencies?lookback=900000&endTs=" + end());
            return StreamSupport.stream(links.spliterator(), false)
                    .filter(link -> link.path("parent").asText().equals("lens-web"))
                    .filter(link -> link.path("child").asText().equals("lens-kitchen"))
                    .toList();
        });

        // When
        page.navigate("/zipkin/dependency?startTime=" + (now - 900_000) + "&endTime=" + end());

        // Then
        assertThat(page.getByTestId("dependencies-graph")).isVisible();
        assertThat(page.locator("canvas").first()).isVisible();

        // When: it lists what its graph is made of
        page.getByPlaceholder("Select...").click();

        // Then
        var services = page.getByRole(AriaRole.OPTION);
        assertThat(services.filter(containing("lens-web"))).hasCount(1);
        assertThat(services.filter(containing("lens-kitchen"))).hasCount(1);
        shoot("zipkin-dependencies");
    }

    private static Locator.FilterOptions containing(String text) {
        return new Locator.FilterOptions().setHasText(text);
    }

    private static long end() {
        return now + Duration.ofMinutes(2).toMillis();
    }

    private static void shoot(String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
    }

    private static void post(String spans) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            var request =
                    HttpRequest.newBuilder(URI.create(millrace.zipkin() + "/api/v2/spans"))
                            .timeout(Duration.ofSeconds(20))
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(spans));
            assertThat(http.send(request.build(), BodyHandlers.discarding()).statusCode())
                    .isEqualTo(202);
        }
    }

    // Both halves of the call share an id, as Zipkin's tracers have it.
    private static String trace() {
        return """
        [
          {"traceId": "%1$s", "id": "00000000000000a1", "kind": "SERVER", "name": "get /menu",
           "timestamp": %2$d, "duration": 90000, "localEndpoint": {"serviceName": "lens-web"},
           "tags": {"http.path": "/menu"}},
          {"traceId": "%1$s", "parentId": "00000000000000a1", "id": "00000000000000a2",
           "kind": "CLIENT", "name": "ask for fish", "timestamp": %3$d, "duration": 50000,
           "localEndpoint": {"serviceName": "lens-web"}},
          {"traceId": "%1$s", "parentId": "00000000000000a1", "id": "00000000000000a2",
           "kind": "SERVER", "name": "fish of the day", "timestamp": %4$d, "duration": 30000,
           "shared": true, "localEndpoint": {"serviceName": "lens-kitchen"},
           "tags": {"fish": "turbot"}}
        ]
        """
                .formatted(traceId, now * 1_000, now * 1_000 + 10_000, now * 1_000 + 20_000);
    }
}
