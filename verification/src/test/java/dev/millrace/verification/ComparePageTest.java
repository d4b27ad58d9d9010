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
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Two traces and two sets of them side by side, reached as readers reach them.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class ComparePageTest {

    private static final String SHOP = "compare-shop";
    private static final String STOCK = "compare-stock";
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");
    private static final int EACH = 6;
    private static final long MS = 1_000_000;

    private static TraceId slow;
    private static TraceId normal;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace millrace) throws Exception {
        for (int i = 0; i < EACH; i++) {
            slow = Otlp.newTraceId();
            normal = Otlp.newTraceId();
            millrace.post(PROTOBUF, slow());
            millrace.post(PROTOBUF, normal());
        }
        browser = new Browser(millrace.query());
        page = browser.page();
        millrace.awaitTrace(slow, 4);
        millrace.awaitTrace(normal, 3);
    }

    @AfterAll
    static void close() {
        browser.close();
    }

    @AfterEach
    void nothingWentWrongInThePage() {
        assertThat(browser.problems()).isEmpty();
    }

    @Test
    void twoTracesAreComparedFromThePageOfOne() {
        // Given
        page.navigate("/trace/" + normal);
        page.locator(".trace-actions").getByText("Compare").click();

        // When
        assertThat(page.locator(".alike li")).hasCount(2 * EACH - 1);
        var other = page.getByLabel("Trace id to compare with");
        other.fill("no id");
        other.press("Enter");
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("Not a trace id");
        other.fill(slow.toString());
        other.press("Enter");

        // Then
        assertThat(page)
                .hasURL(Pattern.compile(".*/compare[?]left=" + normal + "&right=" + slow + "$"));
        assertThat(row("reserve")).containsText("slower in B");
        assertThat(row("ask again")).containsText("only in B");
        assertThat(row("look up")).containsText("only in A");
        assertThat(page.getByText("2 spans in both, 1 only in A, 2 only in B")).isVisible();
        shoot("compare-traces");

        // When
        page.getByRole(AriaRole.BUTTON, named("Of its own")).click();
        page.getByRole(AriaRole.BUTTON, named("All").setExact(true)).click();
        page.getByRole(AriaRole.LINK, named("Swap")).click();

        // Then: every state stands in the address
        assertThat(page)
                .hasURL(
                        Pattern.compile(
                                ".*left=" + slow + "&right=" + normal + "&show=all&time=self$"));
        assertThat(row("reserve")).containsText("faster in B");

        // When
        row("ask again").getByRole(AriaRole.LINK).click();

        // Then
        assertThat(page).hasURL(Pattern.compile(".*/trace/" + slow + "[?]span=0+4$"));
    }

    @Test
    void aLinkOfJaegersToAComparisonIsUnderstood() {
        page.navigate("/trace/" + normal + "..." + slow);

        assertThat(row("reserve")).containsText("slower in B");
    }

    @Test
    void theSlowOnesOfASearchAreComparedWithTheOthers() {
        // Given
        page.navigate("/search?service=" + SHOP + "&minDuration=20ms");
        assertThat(page.locator("li.result")).hasCount(EACH);

        // When
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).last().click();
        page.getByRole(AriaRole.LINK, named("These with all others")).click();

        // Then
        var attributes =
                page.getByRole(AriaRole.TABLE, named("Attributes by how much their share differs"));
        var west = attributes.getByRole(AriaRole.ROW).filter(has("west"));
        assertThat(west).containsText("100 %");
        assertThat(west).containsText("+100 %");
        assertThat(attributes.getByRole(AriaRole.ROW).filter(has("east"))).containsText("−100 %");
        assertThat(attributes.getByRole(AriaRole.ROW).filter(has("service.name"))).hasCount(0);
        var operations =
                page.getByRole(
                        AriaRole.TABLE, named("Operations by how much the time of their own"));
        assertThat(operations.getByRole(AriaRole.ROW).nth(1)).containsText("reserve");
        assertThat(page.getByLabel("Set B")).containsText(EACH + " traces");
        shoot("compare-sets");

        // When: what it says is in the address
        page.reload();

        // Then
        assertThat(west).containsText("+100 %");

        // When
        west.getByRole(AriaRole.LINK).click();

        // Then
        assertThat(page.locator("li.result")).hasCount(EACH);
        assertThat(page.locator(".matches")).containsText("region = west");
    }

    @Test
    void twoSearchesAreCompared() {
        // Given
        page.navigate("/search?service=" + SHOP + "&attribute=region%3Dwest");
        assertThat(page.locator("li.result")).hasCount(EACH);
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).last().click();
        page.getByRole(AriaRole.LINK, named("These with another search")).click();

        // When
        assertThat(page.getByText("To be compared with")).isVisible();
        page.getByLabel("Remove region").click();
        page.getByRole(AriaRole.BUTTON, named("Find traces")).click();
        assertThat(page.locator("li.result")).hasCount(2 * EACH);
        page.getByRole(AriaRole.LINK, named("Compare with these")).click();

        // Then
        assertThat(page.getByLabel("Set A")).containsText(EACH + " traces");
        assertThat(page.getByLabel("Set B")).containsText(EACH + " traces");
        assertThat(page.getByText("east")).isVisible();
    }

    private static Locator row(String operation) {
        return page.getByRole(AriaRole.ROW).filter(has(operation));
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

    private static byte[] slow() {
        long start = span(slow, 1, "").getStartTimeUnixNano() - 100 * MS;
        var order = timed(slow, 1, "POST /order", start, 50).addAttributes(text("region", "west"));
        var reserve = timed(slow, 2, "reserve", start + 2 * MS, 40).setParentSpanId(id(1));
        var ask = timed(slow, 4, "ask again", start + 30 * MS, 10).setParentSpanId(id(2));
        var warn =
                timed(slow, 5, "warn", start + 45 * MS, 1)
                        .setParentSpanId(id(1))
                        .setStatus(
                                Status.newBuilder().setCode(Status.StatusCode.STATUS_CODE_ERROR));
        return Otlp.request(Otlp.of(SHOP, order, warn), Otlp.of(STOCK, reserve, ask));
    }

    private static byte[] normal() {
        long start = span(normal, 1, "").getStartTimeUnixNano() - 100 * MS;
        var order = timed(normal, 1, "POST /order", start, 5).addAttributes(text("region", "east"));
        var reserve = timed(normal, 2, "reserve", start + MS, 2).setParentSpanId(id(1));
        var lookUp = timed(normal, 3, "look up", start + 4 * MS, 1).setParentSpanId(id(1));
        return Otlp.request(Otlp.of(SHOP, order, lookUp), Otlp.of(STOCK, reserve));
    }

    private static Span.Builder timed(
            TraceId trace, long spanId, String name, long start, long millis) {
        return span(trace, spanId, name)
                .setStartTimeUnixNano(start)
                .setEndTimeUnixNano(start + millis * MS);
    }
}
