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
import dev.millrace.verification.UnsteadyQuery.Mood;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What each page says while the server is away, slow or lacks something, and that it comes back by
/// itself. The browser's clock is put forward, so that nobody waits.
@ExtendWith(SharedMillrace.class)
@ResourceLock(SharedMillrace.NAME)
class UnsteadyServerPageTest {

    private static final String SHOP = "unsteady-shop";
    private static final String BANK = "unsteady-bank";
    private static final long LONG = 5_000;
    private static final long LONGER_THAN_ANY_PAUSE = 61_000;

    private static TraceId traceId;
    private static TraceId otherId;
    private static UnsteadyQuery server;
    private static Browser browser;
    private static Page page;

    @BeforeAll
    static void open(RunningMillrace millrace) throws Exception {
        traceId = Otlp.newTraceId();
        otherId = Otlp.newTraceId();
        millrace.post(PROTOBUF, request(traceId, "left"));
        millrace.post(PROTOBUF, request(otherId, "right"));
        server = new UnsteadyQuery(millrace.query());
        browser = new Browser(server.uri());
        page = browser.page();
        page.clock().install();
        millrace.awaitTrace(traceId, 2);
        millrace.awaitTrace(otherId, 2);
        millrace.patiently(() ->
                StreamSupport.stream(
                                millrace.get("/v1/dependencies?service=" + SHOP)
                                        .path("links")
                                        .spliterator(),
                                false)
                        .toList());
    }

    @AfterAll
    static void close() {
        browser.close();
        server.close();
    }

    @AfterEach
    void nothingElseWentWrongInThePage() {
        server.is(Mood.STEADY);
        // The console names connections that break; the page says it in words.
        browser.problems().removeIf(problem -> problem.contains("net::ERR_"));
        assertThat(browser.problems()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "/search?service=unsteady-shop, li.result",
        "/trace/{trace}, '[role=treeitem]'",
        "/compare?left={trace}&right={other}, .side-a .dot",
        "/compare?a=attribute%3Dside%253Dleft&b=service%3Dunsteady-shop, .attributes-differ",
        "/compare?left={trace}, .alike li",
        "/services?service=unsteady-shop, .map-and-panel",
        "/services/unsteady-shop, .chart-box",
        "/pipeline, '[aria-label=\"The way of a span\"]'",
        "/sampling?trace={trace}, .decisions li"
    })
    void saysThatTheServerIsAwayOrSlowAndRecovers(String path, String content) {
        var address = path.replace("{trace}", traceId.toString());
        address = address.replace("{other}", otherId.toString());

        // When: away
        server.is(Mood.AWAY);
        page.navigate(address);

        // Then
        assertThat(words("The server does not answer")).isVisible();
        assertThat(page.locator(content)).hasCount(0);

        // When
        server.is(Mood.STEADY);
        page.clock().fastForward(LONGER_THAN_ANY_PAUSE);

        // Then
        assertThat(page.locator(content).first()).isVisible();
        assertThat(words("The server does not answer")).hasCount(0);

        // When: slow
        server.is(Mood.SLOW);
        page.navigate(address);
        page.locator(".loading").first().waitFor();
        page.clock().fastForward(LONG);

        // Then
        assertThat(words("The server is slow to answer")).isVisible();

        // When
        server.is(Mood.STEADY);

        // Then
        assertThat(page.locator(content).first()).isVisible();
        assertThat(words("The server is slow to answer")).hasCount(0);
    }

    @ParameterizedTest
    @CsvSource({
        "/search?service=unsteady-shop, li.result",
        "/trace/{trace}, '[role=treeitem]'",
        "/services?service=unsteady-shop, .map-and-panel",
        "/services/unsteady-shop, .chart-box",
        "/pipeline, '[aria-label=\"The way of a span\"]'"
    })
    void saysWhatIsMissingFromAnAnswerUntilItIsWhole(String path, String content) {
        // When
        server.is(Mood.PARTIAL);
        page.navigate(path.replace("{trace}", traceId.toString()));

        // Then
        assertThat(words(UnsteadyQuery.REASON)).isVisible();
        assertThat(page.locator(content).first()).isVisible();

        // When
        server.is(Mood.STEADY);
        page.clock().fastForward(LONGER_THAN_ANY_PAUSE);

        // Then
        assertThat(words(UnsteadyQuery.REASON)).hasCount(0);
        assertThat(page.locator(content).first()).isVisible();
    }

    @Test
    void keepsWhatItHadWhileTheServerRestarts() {
        // Given
        page.navigate("/search?service=" + SHOP);
        assertThat(page.locator("li.result")).hasCount(2);

        // When
        server.stop();
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Find traces")).click();

        // Then
        assertThat(words("What is shown is from before")).isVisible();
        assertThat(page.locator("li.result")).hasCount(2);

        // When
        server.startAgain();
        page.clock().fastForward(LONGER_THAN_ANY_PAUSE);

        // Then
        assertThat(words("What is shown is from before")).hasCount(0);
        assertThat(page.locator("li.result")).hasCount(2);
    }

    private static Locator words(String text) {
        return page.getByText(text).first();
    }

    private static byte[] request(TraceId trace, String side) {
        var pay = span(trace, 1, "POST /pay").addAttributes(text("side", side));
        var charge = span(trace, 2, "charge").setParentSpanId(id(1));
        return Otlp.request(Otlp.of(SHOP, pay), Otlp.of(BANK, charge));
    }
}
