package dev.millrace.server;

import dev.millrace.load.LoadConfig;
import dev.millrace.load.LoadReport;
import dev.millrace.load.LoadRun;
import dev.millrace.load.ProgressLine;
import dev.millrace.server.config.MillraceConfig.LogLevel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `millrace demo`: everything in this process, with the traffic of an online shop flowing through.
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Commands.FromJar.class,
        description =
                "Runs all roles, sends them the traffic of an online shop, and says where to look.")
final class DemoCommand implements Callable<Integer> {

    private static final Pattern TRACE_ID = Pattern.compile("\"traceId\":\"([0-9a-f]{32})\"");
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private final Map<String, String> environment;
    private final Clock clock;

    @Mixin private final ConfigOptions options = new ConfigOptions();

    @Option(
            names = "--rate",
            paramLabel = "SPANS",
            defaultValue = "500",
            description = "Spans a second. Default: ${DEFAULT-VALUE}.")
    private long rate;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "0",
            description = "When to stop and exit; 0 is at Ctrl-C. Default: ${DEFAULT-VALUE}.")
    private long seconds;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
    private CommandSpec spec;

    DemoCommand(Map<String, String> environment, Clock clock) {
        this.environment = environment;
        this.clock = clock;
    }

    @Override
    public Integer call() throws Exception {
        if (options.profile().isPresent()) {
            throw new ParameterException(
                    spec.commandLine(), "--profile: the demo is all of it (expected: none)");
        }
        var config = options.load(environment).values();
        // Log lines would tear the progress line apart.
        Logging.apply(config.log().atMost(LogLevel.WARN));
        var millrace = new Millrace(config, new Roles(config, Role.together(), clock), clock);
        var out = spec.commandLine().getOut();
        out.println("Starting Kafka, the store and all roles ...");
        out.flush();
        try (millrace) {
            millrace.start();
            Running.announce(millrace, out);
            out.println("Sending the traffic of an online shop.");
            out.println("A trace is complete, and can be found, after ten quiet seconds.");
            out.flush();
            var addresses = millrace.addresses();
            var report = send(address(addresses, "otlp-grpc"), address(addresses, "ui"));
            out.println(report);
            out.flush();
            return report.isComplete() ? 0 : Commands.FAILED;
        }
    }

    private static String address(Map<String, String> addresses, String of) {
        return addresses.getOrDefault(of, "");
    }

    private LoadReport send(String receiver, String ui) throws IOException, InterruptedException {
        var load =
                LoadConfig.builder(URI.create(receiver))
                        .spansPerSecond(rate)
                        .duration(Duration.ofSeconds(seconds))
                        .seed(clock.millis())
                        .build();
        try (var line = LoadOptions.progress();
                var run = new LoadRun(load, clock, System::nanoTime, line)) {
            var main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(run, main), "stop"));
            Thread.ofVirtual().start(() -> showFirstTrace(ui, line));
            return run.run();
        }
    }

    private static void stop(LoadRun run, Thread main) {
        run.stop();
        try {
            main.join(Duration.ofSeconds(30));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void showFirstTrace(String ui, ProgressLine line) {
        var request =
                HttpRequest.newBuilder(URI.create(ui + "/v1/search?limit=1"))
                        .timeout(Duration.ofSeconds(5))
                        .build();
        try (var client = HttpClient.newHttpClient()) {
            while (true) {
                var found = TRACE_ID.matcher(client.send(request, BodyHandlers.ofString()).body());
                if (found.find()) {
                    line.close();
                    spec.commandLine()
                            .getOut()
                            .println(
                                    "The first trace is there: " + ui + "/trace/" + found.group(1));
                    spec.commandLine().getOut().flush();
                    return;
                }
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        } catch (IOException e) {
            spec.commandLine().getErr().println("The page does not answer: " + e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
