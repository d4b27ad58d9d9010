package dev.millrace.verification;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.millrace.verification.Otlp.id;
import static dev.millrace.verification.Otlp.span;
import static dev.millrace.verification.Otlp.text;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.FilePayload;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What a reader can do with a trace and a search, by keys alone where it says so, in a real
/// browser.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class TracePageTest {

    private static final String SERVICE = "walk-shop";
    private static final String BANK = "walk-bank";
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    // A script, an override of the direction of writing, Hebrew and a family of emoji.
    private static final String HOSTILE =
            "<img src=x onerror=\"window.harmed = 3\"> \u202egnp.exe \u05e9\u05dc\u05d5\u05dd"
                    + " \ud83d\udc69\u200d\ud83d\udc67";
    private static final int SPANS = 5;

    private static RunningMillrace millrace;
    private static TraceId traceId;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace shared) throws Exception {
        millrace = shared;
        traceId = Otlp.newTraceId();
        millrace.post(PROTOBUF, request());
        browser = new Browser(millrace.query());
        page = browser.page();
        millrace.awaitTrace(traceId, SPANS);
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
    void aTraceIsReadWithKeysAlone() {
        // Given
        page.navigate("/trace/" + traceId);
        assertThat(rows()).hasCount(SPANS);
        assertThat(selected()).containsText("POST /order");

        // When
        press("ArrowDown", "ArrowDown", "Enter");

        // Then
        assertThat(selected()).containsText("authorise");
        assertThat(details()).containsText("no credit");
        assertThat(page).hasURL(Pattern.compile(".*[?]span=0000000000000003$"));

        // When: up to the parent, which is folded, and back
        press("Escape", "ArrowLeft", "ArrowLeft");

        // Then
        assertThat(details()).hasCount(0);
        assertThat(selected()).containsText("pay");
        assertThat(selected()).hasAttribute("aria-expanded", "false");
        assertThat(rows()).hasCount(SPANS - 1);

        // When: the next error unfolds what hides it
        press("e");

        // Then
        assertThat(selected()).containsText("authorise");
        assertThat(rows()).hasCount(SPANS);

        // When: find
        press("/");
        page.keyboard().type("basket=b-17");
        assertThat(page.getByRole(AriaRole.STATUS).filter(has("1 match"))).isVisible();
        press("Enter", "Escape");

        // Then
        assertThat(selected()).containsText("load basket");

        // When: only a subtree, then all again
        press("Tab");
        page.getByRole(AriaRole.TREE).focus();
        press("Home", "ArrowDown", "f");

        // Then
        assertThat(rows()).hasCount(2);
        assertThat(page).hasURL(Pattern.compile(".*focus=0000000000000002.*"));
        press("u");
        assertThat(rows()).hasCount(SPANS);

        // When
        press("?");

        // Then
        assertThat(page.getByRole(AriaRole.DIALOG)).containsText("next, previous match");
        press("Escape");
        assertThat(page.getByRole(AriaRole.DIALOG)).hasCount(0);
    }

    @Test
    void everyViewShowsTheOperations() {
        page.navigate("/trace/" + traceId + "?view=flame");
        assertThat(page.getByRole(AriaRole.TREEITEM).filter(has("POST /order"))).hasCount(1);
        shoot("flame");

        press("3");
        var row = page.getByRole(AriaRole.ROW).filter(has("authorise"));
        assertThat(row.getByRole(AriaRole.CELL).nth(0)).hasText("1");
        assertThat(row.getByRole(AriaRole.CELL).nth(1)).hasText("1");
        shoot("table");

        press("4");
        assertThat(page.getByRole(AriaRole.BUTTON).filter(has("1 error"))).isVisible();
        assertThat(page).hasURL(Pattern.compile(".*[?]view=graph$"));
        shoot("graph");

        press("1");
        assertThat(rows()).hasCount(SPANS);
    }

    @Test
    void aTraceWithoutItsRootSaysSo() {
        page.navigate("/trace/" + traceId);

        assertThat(rows().filter(has("parent missing"))).containsText("orphan");
        assertThat(page.locator(".fact").filter(has("Parents missing"))).containsText("1");
    }

    @Test
    void whatAnAttributeHoldsIsShownAsText() {
        page.navigate("/trace/" + traceId + "?span=0000000000000004");

        assertThat(details()).containsText(HOSTILE);
        assertThat(page.locator("#app img, #app script")).hasCount(0);
        shoot("hostile-attributes");
    }

    @Test
    void theThemeIsTheReadersChoiceAndStays() {
        page.navigate("/search");
        var theme = page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Theme"));
        var html = page.locator("html");

        theme.click();
        assertThat(html).hasAttribute("data-theme", "light");
        theme.click();
        assertThat(html).hasAttribute("data-theme", "dark");
        page.reload();
        assertThat(html).hasAttribute("data-theme", "dark");
        theme.click();
        assertThat(theme).hasAttribute("title", "Theme: system");
    }

    @Test
    void eachControlOfTheSearchNarrowsIt() {
        // Given
        page.navigate("/search?service=" + SERVICE);
        assertThat(results()).hasCount(1);

        // Attributes, with keys that are suggested from what is stored
        page.getByLabel("Attribute key").focus();
        assertThat(page.locator("#attribute-keys option[value=basket]")).hasCount(1);
        addAttribute("basket", "b-17");
        find();
        assertThat(page).hasURL(Pattern.compile(".*attribute=basket%3Db-17.*"));
        assertThat(results()).hasCount(1);
        page.getByLabel("Remove basket").click();
        addAttribute("basket", "b-18");
        find();
        assertThat(results()).hasCount(0);
        assertThat(page.getByText("No traces match this search.")).isVisible();
        page.getByLabel("Remove basket").click();

        // Errors and operations
        page.getByLabel("Only with errors").check();
        page.getByLabel("Service").selectOption(BANK);
        page.getByLabel("Operation").selectOption("authorise");
        find();
        assertThat(results()).hasCount(1);
        page.getByLabel("Service").selectOption(SERVICE);
        page.getByLabel("Only with errors").uncheck();

        // Durations
        page.getByLabel("Min duration").fill("1h");
        find();
        assertThat(results()).hasCount(0);
        page.getByLabel("Min duration").fill("long");
        find();
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("min duration: long");

        // And back, with every state in the address
        page.goBack();
        assertThat(page.getByLabel("Min duration")).hasValue("1h");
    }

    @Test
    void thoseWhoTypeUseTraceql() {
        page.navigate("/search?service=" + SERVICE);
        page.getByRole(AriaRole.BUTTON, named("TraceQL")).click();
        var query = page.locator("textarea");
        assertThat(query).hasValue("{ resource.service.name = \"" + SERVICE + "\" }");

        query.fill("{ resource.service.name = \"" + SERVICE + "\" && .basket = \"b-17\" }");
        query.press("Enter");
        assertThat(results()).hasCount(1);

        query.fill("{ nonsense");
        query.press("Enter");
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("refused");
        // The console names a refused request; the page says it in words.
        browser.problems().removeIf(problem -> problem.contains("400"));
    }

    @Test
    void aLinkOfJaegersPageLeadsToTheSameSearch() {
        page.navigate(
                "/search?lookback=1h&limit=20&service="
                        + SERVICE
                        + "&operation=all&tags=%7B%22basket%22%3A%22b-17%22%7D");

        assertThat(results()).hasCount(1);
        assertThat(page.locator(".matches")).containsText("basket = b-17");
    }

    @Test
    void aTraceThatIsNotThereIsSaidToBeMissing() {
        page.navigate("/trace/" + Otlp.newTraceId());

        assertThat(page.getByText("No such trace here.")).isVisible();
        browser.problems().removeIf(problem -> problem.contains("404"));
    }

    @Test
    void aDownloadedTraceIsShownFromItsFileWhateverItsFormat() throws Exception {
        for (var path : List.of("/v1/traces/", "/api/traces/", "/api/v2/trace/")) {
            // Given
            var json = millrace.get(path + traceId).toString();
            page.navigate("/file");

            // When
            page.locator("input[type=file]")
                    .setInputFiles(
                            new FilePayload(
                                    "trace.json",
                                    "application/json",
                                    json.getBytes(StandardCharsets.UTF_8)));

            // Then
            assertThat(rows()).hasCount(SPANS);
            assertThat(rows().first()).containsText(Pattern.compile("post /order", 2));
        }
    }

    @Test
    void aFileWithTenMegabytesInOneAttributeIsShownInSteps() {
        // Given
        var long10 = "<script>harmed = 4</script>\u05e9\u05dc".repeat(10_000_000 / 29);
        var json =
                """
                {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c",
                "spanId":"b7ad6b7169203331","name":"%s","startTimeUnixNano":"1795230000000000000",
                "endTimeUnixNano":"1795230000005000000","attributes":[
                {"key":"body","value":{"stringValue":"%s"}}]}]}]}]}
                """
                        .formatted("load \ud83d\udc69\u200d\ud83d\udc67", long10);
        page.navigate("/file");

        // When
        page.locator("input[type=file]")
                .setInputFiles(
                        new FilePayload(
                                "long.json",
                                "application/json",
                                json.getBytes(StandardCharsets.UTF_8)));
        rows().first().click();

        // Then
        assertThat(details()).containsText("<script>harmed = 4</script>\u05e9\u05dc<script>");
        assertThat(details()).containsText("%,d characters in all".formatted(long10.length()));
        assertThat(page.locator("#app script")).hasCount(0);

        // When
        details()
                .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("more"))
                .click();

        // Then
        assertThat(details()).containsText("characters in all");
    }

    private static void press(String... keys) {
        for (var key : keys) {
            page.keyboard().press(key);
        }
    }

    private static void addAttribute(String key, String value) {
        page.getByLabel("Attribute key").fill(key);
        page.getByLabel("Attribute value").fill(value);
        page.getByLabel("Attribute value").press("Enter");
    }

    private static void find() {
        page.getByRole(AriaRole.BUTTON, named("Find traces")).click();
    }

    private static Locator results() {
        return page.locator("li.result");
    }

    private static Locator rows() {
        return page.getByRole(AriaRole.TREEITEM);
    }

    private static Locator selected() {
        return page.locator("[role=treeitem][aria-selected=true]");
    }

    private static Locator details() {
        return page.getByRole(AriaRole.COMPLEMENTARY, new Page.GetByRoleOptions().setName("Span"));
    }

    private static Locator.FilterOptions has(String text) {
        return new Locator.FilterOptions().setHasText(text);
    }

    private static Page.GetByRoleOptions named(String name) {
        return new Page.GetByRoleOptions().setName(name);
    }

    private static void shoot(String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
    }

    private static byte[] request() {
        var order = span(traceId, 1, "POST /order");
        long start = order.getStartTimeUnixNano();
        var pay = child(1, 2, "pay", start + 500_000).setKind(Span.SpanKind.SPAN_KIND_CLIENT);
        var authorise =
                child(2, 3, "authorise", start + 600_000)
                        .setStatus(
                                Status.newBuilder()
                                        .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                                        .setMessage("no credit"));
        var basket =
                child(1, 4, "load basket", start + 2_000_000)
                        .addAttributes(text("basket", "b-17"))
                        .addAttributes(text("note", HOSTILE));
        var orphan = child(77, 5, "orphan", start + 3_000_000);
        return Otlp.request(Otlp.of(SERVICE, order, pay, basket, orphan), Otlp.of(BANK, authorise));
    }

    /// A short span within its parent, so that no clock is corrected.
    private static Span.Builder child(long parent, long spanId, String name, long start) {
        return span(traceId, spanId, name)
                .setParentSpanId(id(parent))
                .setStartTimeUnixNano(start)
                .setEndTimeUnixNano(start + 1_000_000 - 200_000L * (parent == 2 ? 1 : 0));
    }
}
