package dev.millrace.verification;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.millrace.verification.Otlp.id;
import static dev.millrace.verification.Otlp.span;
import static dev.millrace.verification.Otlp.text;
import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// The page in a real browser, on spans that went the whole way.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class PageTest {

    private static final String SERVICE = "page-shop";
    private static final String HOSTILE =
            "<script>window.harmed = 1</script><img src=x onerror=\"window.harmed = 2\">";

    /// `collector.limits.attribute`, as it is unless it is set.
    private static final int LIMIT_BYTES = 65_536;

    private static final String AT_THE_LIMIT = HOSTILE.repeat(LIMIT_BYTES / HOSTILE.length());

    private static final Path SCREENSHOTS = Path.of("target", "screenshots");
    private static final int SPANS = 6;

    private static TraceId traceId;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace millrace) throws Exception {
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
    void aSearchLeadsToTheWaterfallAndASpansAttributes() {
        // When
        page.navigate("/");
        page.getByLabel("Service").selectOption(SERVICE);
        page.getByRole(AriaRole.BUTTON, named("Find traces")).click();

        // Then
        var result = page.locator("li.result");
        assertThat(result).hasCount(1);
        assertThat(result).containsText("POST /checkout");
        assertThat(result).containsText(SPANS + " spans");
        assertThat(result).containsText("1 error");
        shoot("search");

        // When
        result.getByRole(AriaRole.LINK).click();

        // Then
        assertThat(page).hasURL(Pattern.compile(".*/trace/" + traceId + "$"));
        assertThat(rows()).hasCount(SPANS);
        assertThat(rows().first()).containsText("POST /checkout");
        assertThat(row("charge")).hasAttribute("aria-level", "3");
        assertThat(row("charge")).containsText("Error");
        shoot("trace");

        // When
        row("charge").click();

        // Then
        assertThat(details()).containsText("card declined");
        assertThat(attribute("payment.card")).hasText("visa");
        assertThat(attribute("payment.amount")).hasText("4200");
        assertThat(attribute("service.version")).hasText("1.0");
        assertThat(page).hasURL(Pattern.compile(".*[?]span=0000000000000003$"));
        shoot("span");
    }

    @Test
    void whatASpanSaysIsShownAsTextWhateverItIs() {
        // When
        page.navigate("/trace/" + traceId);
        row("window.harmed").click();

        // Then
        assertThat(details().getByRole(AriaRole.HEADING).first()).hasText(HOSTILE);
        assertThat(attribute("note")).hasText(HOSTILE);
        assertThat(details()).containsText(HOSTILE + " happened");
        assertThat(page.locator("#app script, #app img")).hasCount(0);
        shoot("hostile");
    }

    @Test
    void aValueAsLongAsTheCollectorTakesIsShownInSteps() {
        // When
        page.navigate("/trace/" + traceId);
        row("send mail").click();

        // Then
        assertThat(attribute("body")).containsText(HOSTILE + HOSTILE);
        assertThat(attribute("body"))
                .containsText("%,d characters in all".formatted(AT_THE_LIMIT.length()));
        assertThat(attribute("cut")).containsText("%,d characters in all".formatted(LIMIT_BYTES));
        assertThat(page.locator("#app script, #app img")).hasCount(0);
    }

    @Test
    void aTraceIsLookedUpByItsId() {
        // Given
        page.navigate("/search");
        var lookup = page.getByLabel("Trace id");

        // When
        lookup.fill("no trace id");
        lookup.press("Enter");

        // Then
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("Not a trace id");

        // When
        lookup.fill("  " + traceId + " ");
        lookup.press("Enter");

        // Then
        assertThat(page).hasURL(Pattern.compile(".*/trace/" + traceId + "$"));
        assertThat(rows()).hasCount(SPANS);
    }

    @Test
    void aMissingBrowserFailsWithTheLineThatInstallsIt() {
        assertThatThrownBy(() -> Browser.program(List.of("no-such-browser"), "chromium"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("sudo apt-get install chromium");
    }

    private static Locator rows() {
        return page.getByRole(AriaRole.TREEITEM);
    }

    private static Locator row(String operation) {
        return rows().filter(new Locator.FilterOptions().setHasText(operation));
    }

    private static Locator details() {
        return page.getByRole(AriaRole.COMPLEMENTARY, new Page.GetByRoleOptions().setName("Span"));
    }

    /// The value beside a key.
    private static Locator attribute(String key) {
        return details()
                .getByRole(AriaRole.ROW)
                .filter(
                        new Locator.FilterOptions()
                                .setHas(
                                        page.getByRole(
                                                AriaRole.ROWHEADER, named(key).setExact(true))))
                .getByRole(AriaRole.CELL);
    }

    private static Page.GetByRoleOptions named(String name) {
        return new Page.GetByRoleOptions().setName(name);
    }

    private static void shoot(String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
    }

    private static byte[] request() {
        var checkout = span(traceId, 1, "POST /checkout");
        var cart = child(1, 2, "load cart");
        var charge =
                child(4, 3, "charge")
                        .addAttributes(text("payment.card", "visa"))
                        .addAttributes(text("payment.amount", "4200"))
                        .setStatus(
                                Status.newBuilder()
                                        .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                                        .setMessage("card declined"));
        var pay = child(1, 4, "pay").setKind(Span.SpanKind.SPAN_KIND_CLIENT);
        var hostile =
                child(1, 5, HOSTILE)
                        .addAttributes(text("note", HOSTILE))
                        .addAttributes(text(HOSTILE, "as a key"))
                        .addEvents(
                                Span.Event.newBuilder()
                                        .setTimeUnixNano(checkout.getStartTimeUnixNano())
                                        .setName(HOSTILE + " happened"));
        var last =
                child(1, 6, "send mail")
                        .addAttributes(text("body", AT_THE_LIMIT))
                        .addAttributes(text("cut", "x".repeat(LIMIT_BYTES + 1)));
        var bank = Otlp.of("page-bank", charge).toBuilder();
        bank.getResourceBuilder().addAttributes(text("service.version", "1.0"));
        return Otlp.request(Otlp.of(SERVICE, checkout, cart, pay, hostile, last), bank.build());
    }

    private static Span.Builder child(long parent, long spanId, String name) {
        return span(traceId, spanId, name).setParentSpanId(id(parent));
    }
}
