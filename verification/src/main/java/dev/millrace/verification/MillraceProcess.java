package dev.millrace.verification;

import dev.millrace.load.Protocol;
import dev.millrace.server.config.ConfigSources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A Millrace in a process of its own, to be started, killed and started again on the same data and
/// the same ports.
///
/// Not safe for threads.
public final class MillraceProcess implements AutoCloseable {

    private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(40);
    private static final long POLL_MILLIS = 50;

    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    private final String name;
    private final Path directory;
    private final Program program;
    private final List<String> command;
    private final Map<String, String> settings;
    private @Nullable Process process;

    /// What is started.
    ///
    /// @param line the command line before the role
    /// @param environment variables besides those of this process
    record Program(List<String> line, Map<String, String> environment) {

        /// Java for tests, which start many: it compiles quickly and takes little memory.
        static final List<String> JAVA =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseCompactObjectHeaders",
                        "-Djdk.reflect.useNativeAccessorOnly=true",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow");

        static final String MAIN = "dev.millrace.server.Main";

        /// The classes this process runs.
        static Program ofThisClassPath() {
            var line = new ArrayList<>(JAVA);
            line.addAll(ClassArchive.options());
            line.add(MAIN);
            return new Program(line, Map.of());
        }

        /// The launcher as it is delivered.
        ///
        /// @param javaOptions such as `-Xmx2g`
        static Program assembled(String javaOptions) {
            return new Program(
                    List.of("server/target/millrace/bin/millrace"),
                    Map.of("MILLRACE_JAVA_OPTS", javaOptions));
        }
    }

    /// @param command the roles to run, such as `up` or `aggregator`
    /// @param directory for its data and its log
    /// @param settings configuration keys and values; ports that are not given are free ones
    public MillraceProcess(
            String name, Path directory, List<String> command, Map<String, String> settings) {
        this(name, directory, Program.ofThisClassPath(), command, settings);
    }

    MillraceProcess(
            String name,
            Path directory,
            Program program,
            List<String> command,
            Map<String, String> settings) {
        this.program = program;
        this.name = name;
        this.directory = directory;
        this.command = command;
        this.settings = new LinkedHashMap<>(settings);
        for (String key : ConfigSources.portKeys()) {
            this.settings.computeIfAbsent(key, _ -> Integer.toString(FreePorts.next()));
        }
        this.settings.putIfAbsent("data-dir", directory.resolve("data").toString());
    }

    /// Starts it and waits until it says that it is ready.
    public void start() throws IOException, InterruptedException {
        Files.createDirectories(directory);
        var line = new ArrayList<>(program.line());
        line.addAll(command);
        settings.forEach((key, value) -> line.addAll(List.of("--set", key + "=" + value)));
        var builder =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()));
        builder.environment().putAll(program.environment());
        var started = builder.start();
        process = started;
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (!isReady()) {
            if (started.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        name + " ended while starting, see " + logFile() + "\n" + tail());
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        name
                                + " not ready after "
                                + START_TIMEOUT
                                + ", see "
                                + logFile()
                                + "\n"
                                + tail());
            }
        }
    }

    /// Whether it says that it can do its work.
    boolean isReady() throws InterruptedException {
        try {
            return get("http://127.0.0.1:" + setting("health.port") + "/ready").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private static java.net.http.HttpResponse<byte[]> get(String uri)
            throws IOException, InterruptedException {
        return HTTP.send(
                HttpRequest.newBuilder(URI.create(uri)).timeout(Duration.ofSeconds(30)).build(),
                BodyHandlers.ofByteArray());
    }

    /// The sum of a metric's values over all its labels.
    public double metric(String metric) throws IOException, InterruptedException {
        return metric(metric, "");
    }

    /// The sum of a metric's values over those of its labels that have some text in them.
    ///
    /// @param label such as `area="heap"`; empty for all
    double metric(String metric, String label) throws IOException, InterruptedException {
        String page =
                new String(
                        get("http://127.0.0.1:" + setting("metrics.port") + "/metrics").body(),
                        java.nio.charset.StandardCharsets.UTF_8);
        return page.lines()
                .filter(line -> line.startsWith(metric + "{") || line.startsWith(metric + " "))
                .filter(line -> line.contains(label))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /// The bytes of its heap that it still needs.
    ///
    /// Counted in the pause of the collection that throws the rest away, so nothing that is made
    /// while somebody asks for a figure is in it.
    double liveHeap() throws IOException, InterruptedException {
        var histogram = directory.resolve(name + ".histogram");
        var jcmd =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                                Long.toString(pid()),
                                "GC.class_histogram")
                        .redirectErrorStream(true)
                        .redirectOutput(histogram.toFile())
                        .start();
        if (!jcmd.waitFor(30, TimeUnit.SECONDS) || jcmd.exitValue() != 0) {
            throw new IllegalStateException("jcmd GC.class_histogram failed\n" + tail());
        }
        // Such as: Total        123456       78901234
        String total = Files.readAllLines(histogram).getLast();
        return Double.parseDouble(total.substring(total.lastIndexOf(' ') + 1));
    }

    /// What was set for a key, or chosen for it.
    public String setting(String key) {
        return settings.getOrDefault(key, "");
    }

    public URI otlpGrpc() {
        return URI.create("http://127.0.0.1:" + setting("collector.receivers.otlp-grpc.port"));
    }

    public URI otlpHttp() {
        return URI.create("http://127.0.0.1:" + setting("collector.receivers.otlp-http.port"));
    }

    /// Where to send what is in a protocol.
    URI target(Protocol protocol) {
        String receiver =
                switch (protocol) {
                    case OTLP_GRPC -> "otlp-grpc";
                    case OTLP_HTTP -> "otlp-http";
                    case ZIPKIN_JSON, ZIPKIN_PROTO -> "zipkin";
                    case JAEGER_GRPC -> "jaeger-grpc";
                };
        return URI.create(
                "http://127.0.0.1:" + setting("collector.receivers." + receiver + ".port"));
    }

    public URI query() {
        return URI.create("http://127.0.0.1:" + setting("query.port"));
    }

    public String bootstrapServers() {
        return "127.0.0.1:" + setting("broker.port");
    }

    public long pid() {
        return running().pid();
    }

    private Process running() {
        var started = process;
        if (started == null) {
            throw new IllegalStateException(name + ": not started");
        }
        return started;
    }

    /// Ends it as `kill -9` does.
    public void kill() throws InterruptedException {
        running().destroyForcibly().waitFor();
    }

    /// Ends it as `kill` does, with time to finish its work.
    public void stop() throws InterruptedException {
        var started = running();
        started.destroy();
        if (!started.waitFor(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
            kill();
            throw new IllegalStateException(
                    name + " did not stop within " + STOP_TIMEOUT + "\n" + tail());
        }
    }

    /// Freezes it, as a machine does that stalls.
    public void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    /// Lets it go on after [#pause()].
    public void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor();
        if (code != 0) {
            throw new IllegalStateException("kill -" + name + " " + pid() + ": exit code " + code);
        }
    }

    private Path logFile() {
        return directory.resolve(name + ".log");
    }

    /// All that it has printed.
    public String log() {
        try {
            return Files.readString(logFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The end of what it has printed.
    public String tail() {
        try {
            var lines = Files.readAllLines(logFile());
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException e) {
            return "no log: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        var started = process;
        if (started != null) {
            started.destroyForcibly();
        }
    }
}
