package dev.millrace.verification;

import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The Chromium of this machine, with one page that notes whatever goes wrong in it.
final class Browser implements AutoCloseable {

    private static final int WIDTH = 1280;
    private static final int HEIGHT = 800;

    private static final List<String> FLAGS =
            List.of(
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--disable-dev-shm-usage");

    private static final List<String> CHROMIUM =
            List.of(
                    "chromium",
                    "chromium-browser",
                    "google-chrome",
                    "google-chrome-stable",
                    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");

    private final Playwright playwright;
    private final com.microsoft.playwright.Browser chromium;
    private final Page page;
    private final List<String> problems = new ArrayList<>();

    /// @param home the only address whose pages may be fetched
    Browser(URI home) {
        var executable = program(CHROMIUM, "chromium");
        var node = program(List.of("node"), "nodejs");
        playwright =
                Playwright.create(
                        new Playwright.CreateOptions()
                                .setEnv(
                                        Map.of(
                                                "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD",
                                                "1",
                                                "PLAYWRIGHT_NODEJS_PATH",
                                                node.toString())));
        chromium =
                playwright
                        .chromium()
                        .launch(
                                new LaunchOptions()
                                        .setExecutablePath(executable)
                                        .setChromiumSandbox(false)
                                        .setArgs(FLAGS));
        page =
                chromium.newPage(
                        new com.microsoft.playwright.Browser.NewPageOptions()
                                .setBaseURL(home.toString())
                                .setViewportSize(WIDTH, HEIGHT));
        page.onConsoleMessage(message -> {
            if (List.of("error", "warning").contains(message.type())) {
                problems.add("console " + message.type() + ": " + message.text());
            }
        });
        page.onPageError(error -> problems.add("page error: " + error));
        page.onDialog(dialog -> {
            problems.add("dialog: " + dialog.message());
            dialog.dismiss();
        });
        page.onRequest(request -> {
            if (!request.url().startsWith(home + "/")) {
                problems.add("request to another host: " + request.url());
            }
        });
    }

    Page page() {
        return page;
    }

    /// Errors and warnings on the console, errors of the page, dialogs and requests elsewhere.
    List<String> problems() {
        return problems;
    }

    /// The first of some programs that is installed.
    ///
    /// @param names of commands on the path, or whole paths
    /// @param debianPackage what to install when there is none
    static Path program(List<String> names, String debianPackage) {
        return names.stream()
                .map(Browser::find)
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() ->
                        new AssertionError(
                                "none of "
                                        + names
                                        + " is installed; install it, for example:"
                                        + " sudo apt-get install "
                                        + debianPackage));
    }

    private static Optional<Path> find(String name) {
        var folders = System.getenv().getOrDefault("PATH", "").split(File.pathSeparator);
        return Arrays.stream(folders)
                .map(folder -> Path.of(folder).resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @Override
    public void close() {
        playwright.close();
    }
}
