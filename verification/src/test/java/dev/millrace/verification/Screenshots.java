package dev.millrace.verification;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.LoadState;
import com.microsoft.playwright.options.WaitForSelectorState;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadRun;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;

/// Makes pictures of each view, light and dark, wide and on a phone, from a server with the traffic
/// of the demo: `./dev screenshots`. A few of them go into `docs/images`.
public final class Screenshots {

    private static final Path IMAGES = Path.of("docs/images");
    private static final Path ALL = Path.of("verification/target/screenshots");

    /// Those that documents show.
    private static final Set<String> SHOWN =
            Set.of(
                    "search-light",
                    "trace-light",
                    "trace-dark",
                    "trace-phone",
                    "compare-traces-light",
                    "compare-sets-light",
                    "services-dark");

    /// Long enough that figures by minute have a few minutes.
    private static final Duration TRAFFIC = Duration.ofSeconds(200);

    private static final long SPANS_PER_SECOND = 100;
    private static final long SEED = 20_261_122;

    /// A picture to make.
    ///
    /// @param path with the names of [Places] in braces
    private record Shot(String name, String path) {}

    /// What the pictures are of.
    ///
    /// @param id of a trace that has an error
    /// @param span of it that failed
    /// @param slow a trace that took long
    /// @param fast one that began with the same operation and did not
    /// @param service that many traces pass
    private record Places(String id, String span, String slow, String fast, String service) {

        String fill(String path) {
            return path.replace("{id}", id)
                    .replace("{span}", span)
                    .replace("{slow}", slow)
                    .replace("{fast}", fast)
                    .replace("{service}", service);
        }
    }

    private static final List<Shot> SHOTS =
            List.of(
                    new Shot("search", "/search?lookback=5m"),
                    new Shot("trace", "/trace/{id}"),
                    new Shot("span", "/trace/{id}?find=error&span={span}"),
                    new Shot("flame-graph", "/trace/{id}?view=flame"),
                    new Shot("table", "/trace/{id}?view=table"),
                    new Shot("span-graph", "/trace/{id}?view=graph"),
                    new Shot("compare-traces", "/compare?left={fast}&right={slow}"),
                    new Shot(
                            "compare-sets",
                            "/compare?a=lookback%3D15m%26status%3Derror&b=lookback%3D15m"),
                    new Shot("services", "/services?lookback=15m"),
                    new Shot("services-table", "/services?lookback=15m&view=table"),
                    new Shot("service", "/services/{service}?lookback=15m"),
                    new Shot("pipeline", "/pipeline"),
                    new Shot("sampling", "/sampling?trace={id}"),
                    new Shot("nothing-found", "/search?service=nobody"),
                    new Shot("no-trace", "/trace/00000000000000000000000000000001"),
                    new Shot("compare", "/compare?left={slow}"),
                    new Shot("file", "/file"));

    private Screenshots() {}

    /// @param arguments for how many seconds to send traffic, in place of as long as the pictures
    ///   in `docs/images` need; then those stay as they are
    public static void main(String[] arguments) throws IOException, InterruptedException {
        boolean quick = arguments.length > 0;
        var traffic = quick ? Duration.ofSeconds(Long.parseLong(arguments[0])) : TRAFFIC;
        var directory = Files.createTempDirectory("millrace-screenshots-");
        try (var millrace = new RunningMillrace(directory, Map.of())) {
            millrace.start();
            send(millrace, traffic);
            var places = places(millrace);
            Files.createDirectories(ALL);
            try (var browser = new Browser(millrace.query())) {
                for (var shot : SHOTS) {
                    shoot(browser.page(), shot, places);
                }
            }
            millrace.stop();
            if (!quick) {
                Files.createDirectories(IMAGES);
                for (var name : SHOWN) {
                    var file = name + ".png";
                    Files.copy(ALL.resolve(file), IMAGES.resolve(file), REPLACE_EXISTING);
                }
            }
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void send(RunningMillrace millrace, Duration duration)
            throws IOException, InterruptedException {
        var load =
                LoadConfig.builder(URI.create(millrace.otlp("grpc")))
                        .spansPerSecond(SPANS_PER_SECOND)
                        .duration(duration)
                        .seed(SEED)
                        .build();
        try (var run = new LoadRun(load, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            run.run();
        }
    }

    private static Places places(RunningMillrace millrace)
            throws IOException, InterruptedException {
        var failed = most(traces(millrace, "status=error&limit=100"), "spanCount");
        var slow = most(traces(millrace, "limit=500"), "durationNanos");
        var alike =
                traces(
                        millrace,
                        "limit=500&service=%s&operation=%s"
                                .formatted(
                                        encoded(slow.path("rootService")),
                                        encoded(slow.path("rootOperation"))));
        var fast =
                alike.stream()
                        .min(
                                Comparator.comparingLong(
                                        trace -> trace.path("durationNanos").asLong()))
                        .orElseThrow();
        String id = failed.path("traceId").asText();
        return new Places(
                id,
                spanOf(millrace, id),
                slow.path("traceId").asText(),
                fast.path("traceId").asText(),
                slow.path("rootService").asText());
    }

    private static List<JsonNode> traces(RunningMillrace millrace, String search) {
        return millrace.patiently(() -> {
            var traces = millrace.get("/v1/search?" + search).path("traces");
            return StreamSupport.stream(traces.spliterator(), false).toList();
        });
    }

    private static JsonNode most(List<JsonNode> traces, String field) {
        return traces.stream()
                .max(Comparator.comparingLong(trace -> trace.path(field).asLong()))
                .orElseThrow();
    }

    private static String encoded(JsonNode text) {
        return URLEncoder.encode(text.asText(), StandardCharsets.UTF_8);
    }

    /// The first of its spans that failed.
    private static String spanOf(RunningMillrace millrace, String id)
            throws IOException, InterruptedException {
        for (var span : millrace.get("/v1/traces/" + id).findValues("spans")) {
            for (var each : span) {
                if (each.path("status").path("code").asInt() == 2) {
                    return each.path("spanId").asText();
                }
            }
        }
        throw new IllegalStateException(id + " has no failed span");
    }

    private static void shoot(Page page, Shot shot, Places places) {
        for (var theme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
            page.setViewportSize(1280, 800);
            page.navigate(places.fill(shot.path()));
            page.locator("main").waitFor();
            page.waitForLoadState(LoadState.NETWORKIDLE);
            page.locator(".loading")
                    .first()
                    .waitFor(new Locator.WaitForOptions().setState(WaitForSelectorState.HIDDEN));
            save(page, shot.name() + "-" + theme.name().toLowerCase(Locale.ROOT));
        }
        page.setViewportSize(390, 844);
        page.reload();
        page.waitForLoadState(LoadState.NETWORKIDLE);
        save(page, shot.name() + "-phone");
    }

    private static void save(Page page, String name) {
        var file = ALL.resolve(name + ".png");
        page.screenshot(new Page.ScreenshotOptions().setPath(file));
        System.out.println(file);
    }
}
