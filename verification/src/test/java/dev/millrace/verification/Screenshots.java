package dev.millrace.verification;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.LoadState;
import com.microsoft.playwright.options.WaitForSelectorState;
import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadRun;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/// Makes the pictures in `docs/images` of each view, light and dark, wide and on a phone, from a
/// server with the traffic of the demo: `./dev screenshots`.
public final class Screenshots {

    private static final Path IMAGES = Repository.ROOT.resolve("docs/images");
    private static final Duration TRAFFIC = Duration.ofSeconds(20);
    private static final long SPANS_PER_SECOND = 200;
    private static final long SEED = 20_261_122;

    /// A picture to make.
    ///
    /// @param path with `{id}` for a trace that has an error
    private record Shot(String name, String path) {}

    private static final List<Shot> SHOTS =
            List.of(
                    new Shot("search", "/search?lookback=5m"),
                    new Shot("trace", "/trace/{id}"),
                    new Shot("span", "/trace/{id}?find=error&span={span}"),
                    new Shot("flame-graph", "/trace/{id}?view=flame"),
                    new Shot("table", "/trace/{id}?view=table"),
                    new Shot("span-graph", "/trace/{id}?view=graph"));

    private Screenshots() {}

    /// @param arguments none
    public static void main(String[] arguments) throws IOException, InterruptedException {
        var directory = Files.createTempDirectory("millrace-screenshots-");
        try (var millrace = new RunningMillrace(directory, Map.of())) {
            millrace.start();
            send(millrace);
            var id = failedTrace(millrace);
            Files.createDirectories(IMAGES);
            try (var browser = new Browser(millrace.query())) {
                for (var shot : SHOTS) {
                    shoot(browser.page(), shot, id, spanOf(millrace, id));
                }
            }
            millrace.stop();
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void send(RunningMillrace millrace) throws IOException, InterruptedException {
        var load =
                LoadConfig.builder(URI.create(millrace.otlp("grpc")))
                        .spansPerSecond(SPANS_PER_SECOND)
                        .duration(TRAFFIC)
                        .seed(SEED)
                        .build();
        try (var run = new LoadRun(load, Clock.systemUTC(), System::nanoTime, _ -> {})) {
            run.run();
        }
    }

    /// The trace with the most spans among those that failed.
    private static String failedTrace(RunningMillrace millrace) {
        return millrace.patiently(
                        () -> {
                            var traces =
                                    millrace.get("/v1/search?status=error&limit=100")
                                            .path("traces");
                            return StreamSupport.stream(traces.spliterator(), false)
                                    .max(
                                            Comparator.comparingInt(
                                                    trace -> trace.path("spanCount").asInt()))
                                    .map(trace -> trace.path("traceId").asText())
                                    .stream()
                                    .toList();
                        })
                .getFirst();
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

    private static void shoot(Page page, Shot shot, String id, String span) {
        for (var theme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
            page.setViewportSize(1280, 800);
            page.navigate(shot.path().replace("{id}", id).replace("{span}", span));
            page.locator("main").waitFor();
            page.locator(".loading")
                    .first()
                    .waitFor(new Locator.WaitForOptions().setState(WaitForSelectorState.HIDDEN));
            page.waitForLoadState(LoadState.NETWORKIDLE);
            save(page, shot.name() + "-" + theme.name().toLowerCase(Locale.ROOT));
        }
        page.setViewportSize(390, 844);
        save(page, shot.name() + "-phone");
    }

    private static void save(Page page, String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(IMAGES.resolve(name + ".png")));
        System.out.println(IMAGES.resolve(name + ".png"));
    }
}
