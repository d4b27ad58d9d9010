package dev.millrace.verification;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.millrace.verification.Otlp.id;
import static dev.millrace.verification.Otlp.span;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// The pages of services, pipeline and sampling in a real browser, on a trace that went the whole
/// way and is counted.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class SystemPagesTest {

    private static final String SHOP = "pages-shop";
    // What a name holds is text wherever it is shown.
    private static final String BANK = "pages-<img src=x onerror=\"window.harmed = 1\">";
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    private static TraceId traceId;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace millrace) throws Exception {
        traceId = Otlp.newTraceId();
        millrace.post(PROTOBUF, request());
        browser = new Browser(millrace.query());
        page = browser.page();
        millrace.patiently(() -> counted(millrace));
    }

    private static List<String> counted(RunningMillrace millrace) throws Exception {
        var links = millrace.get("/v1/dependencies?service=" + SHOP).path("links");
        return StreamSupport.stream(links.spliterator(), false)
                .map(link -> link.path("callee").asText())
                .filter(BANK::equals)
                .toList();
    }

    @AfterAll
    static void close() {
        browser.close();
    }

    @AfterEach
    void nothingWentWrongInThePage() {
        assertThat(browser.problems()).isEmpty();
        assertThat(page.evaluate("window.harmed === undefined")).isEqualTo(true);
    }

    @Test
    void theMapLeadsToTheTracesOfAServiceWithTheKeyboardAlone() {
        // Given
        page.navigate("/services");
        var find = page.getByLabel("Find a service");

        // When
        find.fill(SHOP);
        find.press("Enter");

        // Then
        assertThat(page).hasURL(Pattern.compile(".*[?]service=" + SHOP));
        assertThat(service(SHOP)).hasAttribute("aria-pressed", "true");
        assertThat(service(BANK)).isVisible();
        shoot("services");

        // When
        service(SHOP).focus();
        service(SHOP).press("ArrowRight");
        page.keyboard().press("Enter");

        // Then
        var selection = page.getByRole(AriaRole.COMPLEMENTARY, named("Selection"));
        assertThat(selection.getByRole(AriaRole.HEADING).first()).containsText(BANK);
        assertThat(selection).containsText("100 %");

        // When
        selection.getByRole(AriaRole.LINK, locator("Traces with errors")).press("Enter");

        // Then
        assertThat(page).hasURL(Pattern.compile(".*/search[?]service=pages-.*status=error.*"));
    }

    @Test
    void theTablesTellTheSameAsTheMap() {
        // When
        page.navigate("/services?view=table&service=" + SHOP);

        // Then
        var calls = page.getByRole(AriaRole.TABLE, named("Calls from one service to another"));
        var row =
                calls.getByRole(AriaRole.ROW)
                        .filter(
                                new Locator.FilterOptions()
                                        .setHas(page.getByRole(AriaRole.ROWHEADER, named(BANK))));
        assertThat(row).hasCount(1);
        assertThat(row).containsText(SHOP);
        assertThat(row).containsText("plain");
    }

    @Test
    void aPointOfAChartLeadsToTheTracesOfItsInterval() {
        // Given
        page.navigate("/services/" + SHOP + "?lookback=15m");
        var chart = page.getByRole(AriaRole.APPLICATION, named("Requests over time"));

        // When
        chart.press("End");
        chart.press("ArrowLeft");
        chart.press("ArrowRight");

        // Then
        assertThat(page.getByText(Pattern.compile(": requests ")).first()).isVisible();
        assertThat(page.getByRole(AriaRole.LINK, named("POST /pay")).first()).isVisible();
        shoot("service");

        // When
        chart.press("Enter");

        // Then
        assertThat(page)
                .hasURL(Pattern.compile(".*/search[?]service=" + SHOP + "&start=.*&end=.*"));
    }

    @Test
    void thePipelineShowsEachRoleAndAuditsWhenAsked() {
        // When
        page.navigate("/pipeline");

        // Then
        var way = page.getByRole(AriaRole.LIST, named("The way of a span"));
        for (var role : List.of("Collector", "Aggregator", "Ingester", "Store", "Query")) {
            assertThat(
                            way.getByRole(
                                    AriaRole.HEADING, new Locator.GetByRoleOptions().setName(role)))
                    .isVisible();
        }
        assertThat(way).containsText("traces-complete");
        assertThat(way).not().containsText("not known");
        assertThat(page.getByRole(AriaRole.TABLE, named("Processes"))).containsText("collector");

        // When
        page.getByRole(AriaRole.BUTTON, named("Audit")).press("Enter");

        // Then
        var balance = page.getByRole(AriaRole.TABLE, named("The balance by tenant"));
        assertThat(balance).containsText("acknowledged");
        shoot("pipeline");
    }

    @Test
    void thePolicyInForceIsShownAndWhyATraceWasKept() {
        // When
        page.navigate("/sampling");

        // Then
        var rules = page.getByRole(AriaRole.TABLE, named("Rules, in their order"));
        assertThat(rules).containsText("keep-all");
        assertThat(rules).containsText("always");

        // When
        var asked = page.getByLabel("Trace id, of a trace that is stored or not");
        asked.fill(traceId.toString());
        asked.press("Enter");

        // Then
        assertThat(page.getByText("The trace was kept by keep-all.")).isVisible();
        assertThat(page).hasURL(Pattern.compile(".*/sampling[?]trace=" + traceId + "$"));
        shoot("sampling");
    }

    private static Locator service(String name) {
        return page.getByRole(AriaRole.LIST, named("Services"))
                .getByRole(
                        AriaRole.BUTTON,
                        new Locator.GetByRoleOptions().setName(name + ", service"));
    }

    private static Page.GetByRoleOptions named(String name) {
        return new Page.GetByRoleOptions().setName(name);
    }

    private static Locator.GetByRoleOptions locator(String name) {
        return new Locator.GetByRoleOptions().setName(name);
    }

    private static void shoot(String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
    }

    private static byte[] request() {
        var pay = span(traceId, 1, "POST /pay");
        var ask =
                span(traceId, 2, "ask the bank")
                        .setParentSpanId(id(1))
                        .setKind(Span.SpanKind.SPAN_KIND_CLIENT);
        var charge =
                span(traceId, 3, "charge")
                        .setParentSpanId(id(2))
                        .setStatus(
                                Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
        return Otlp.request(Otlp.of(SHOP, pay, ask), Otlp.of(BANK, charge));
    }
}
