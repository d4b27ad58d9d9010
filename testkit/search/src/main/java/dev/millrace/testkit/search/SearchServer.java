package dev.millrace.testkit.search;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A real node of OpenSearch or Elasticsearch, which can be killed, stopped in its tracks and
/// started again on the same port with what it had on disk.
///
/// Nothing has to be installed. It ends with the JVM that started it, however that ends.
public final class SearchServer implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /// Ready soon, and small.
    private static final List<String> JAVA_OPTIONS_OF_TESTS =
            List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /// What can be started.
    public enum Kind {
        OPENSEARCH("opensearch", "OpenSearchNode"),
        ELASTICSEARCH("elasticsearch", "ElasticsearchNode");

        private final String module;
        private final String type;

        Kind(String module, String type) {
            this.module = module;
            this.type = type;
        }
    }

    private static final class Shared {
        private static final SearchServer OPENSEARCH = launchedForGood(Kind.OPENSEARCH);
    }

    private static final class SharedToo {
        private static final SearchServer ELASTICSEARCH = launchedForGood(Kind.ELASTICSEARCH);
    }

    private final Kind kind;
    private final Path home;
    private final List<String> javaOptions;
    private final int port = freePort();
    private final int nodesPort = freePort();
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(2))
                    .build();
    private @Nullable Process process;

    private SearchServer(Kind kind, Path home, List<String> javaOptions) {
        this.kind = kind;
        this.home = home;
        this.javaOptions = List.copyOf(javaOptions);
    }

    /// One of the kind for all tests of this JVM, started by whoever asks first.
    public static SearchServer shared(Kind kind) {
        return switch (kind) {
            case OPENSEARCH -> Shared.OPENSEARCH;
            case ELASTICSEARCH -> SharedToo.ELASTICSEARCH;
        };
    }

    private static SearchServer launchedForGood(Kind kind) {
        var launched = launch(kind);
        Runtime.getRuntime().addShutdownHook(new Thread(launched::close, kind.module + "-close"));
        return launched;
    }

    /// Starts one and waits until it answers.
    ///
    /// @throws IllegalStateException when it does not, with its last words
    public static SearchServer launch(Kind kind) {
        try {
            return launch(
                    kind,
                    Files.createTempDirectory("millrace-" + kind.module + "-"),
                    JAVA_OPTIONS_OF_TESTS);
        } catch (IOException e) {
            throw new UncheckedIOException(kind.module + ": no temporary directory", e);
        }
    }

    /// The same.
    ///
    /// @param home a directory of its own, which goes with it
    /// @param javaOptions of its process
    public static SearchServer launch(Kind kind, Path home, List<String> javaOptions) {
        var server = new SearchServer(kind, home, javaOptions);
        server.start();
        return server;
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /// The process that runs now.
    public long pid() {
        var running = process;
        if (running == null) {
            throw new IllegalStateException(kind.module + ": not running (expected: started)");
        }
        return running.pid();
    }

    /// Starts it again after [#kill()], and waits until it answers.
    public void start() {
        try {
            var started =
                    new ProcessBuilder(command())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                            .start();
            process = started;
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!answers()) {
                if (!started.isAlive() || System.nanoTime() > deadline) {
                    kill();
                    throw new IllegalStateException(
                            kind.module + ": does not answer; it said: " + lastWords());
                }
                LockSupport.parkNanos(MILLISECONDS.toNanos(50));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(kind.module + ": not started", e);
        }
    }

    private List<String> command() throws IOException {
        var module = repository().resolve("testkit").resolve(kind.module);
        var classPath = module.resolve("target").resolve("class-path");
        if (!Files.exists(classPath)) {
            throw new IllegalStateException(
                    classPath + ": missing (expected: testkit/" + kind.module + " to be built)");
        }
        var jars =
                new ArrayList<>(
                        List.of(Files.readString(classPath).strip().split(File.pathSeparator)));
        jars.addFirst(module.resolve("target").resolve("classes").toString());
        var http = new ArrayList<String>();
        if (kind == Kind.ELASTICSEARCH) {
            http.addAll(jars.stream().filter(SearchServer::isForHttp).toList());
            jars.removeAll(http);
        }
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(javaOptions);
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        String.join(File.pathSeparator, jars),
                        "dev.millrace.testkit." + kind.module + "." + kind.type,
                        home.toString(),
                        Integer.toString(port),
                        Integer.toString(nodesPort)));
        if (!http.isEmpty()) {
            command.add(String.join(File.pathSeparator, http));
        }
        return command;
    }

    private static boolean isForHttp(String jar) {
        return Path.of(jar).getFileName().toString().contains("netty");
    }

    // Surefire runs a module's tests in its own folder, wherever that lies.
    private static Path repository() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("mvnw"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException(
                        "no mvnw above " + Path.of("").toAbsolutePath() + " (expected: one)");
            }
        }
        return folder;
    }

    private boolean answers() {
        try {
            return request("GET", "/_cluster/health", "").contains("\"status\"");
        } catch (UncheckedIOException _) {
            return false;
        }
    }

    /// Asks it something, and returns what it answers, with whatever status.
    ///
    /// @param body JSON, or empty for none
    public String request(String method, String path, String body) {
        var request =
                HttpRequest.newBuilder(uri().resolve(path))
                        .timeout(Duration.ofSeconds(30))
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body))
                        .build();
        try {
            return http.send(request, BodyHandlers.ofString()).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while asking " + uri(), e);
        }
    }

    /// The names of the indices that there are.
    ///
    /// @param pattern with `*`
    public List<String> indices(String pattern) {
        return request("GET", "/_cat/indices/" + pattern + "?h=index&s=index", "")
                .lines()
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
    }

    /// Removes the indices whose names fit the pattern.
    public void deleteIndices(String pattern) {
        var names = indices(pattern);
        if (!names.isEmpty()) {
            request("DELETE", "/" + names.stream().collect(Collectors.joining(",")), "");
        }
    }

    /// As `kill -9` does it.
    public void kill() {
        var running = process;
        if (running == null) {
            return;
        }
        process = null;
        running.destroyForcibly();
        try {
            if (!running.waitFor(20, SECONDS)) {
                throw new IllegalStateException(kind.module + ": still runs after kill -9");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Stops it in its tracks; connections stay open and nothing is answered.
    public void freeze() {
        signal("-STOP");
    }

    /// Lets it go on after [#freeze()].
    public void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            var kill = new ProcessBuilder("kill", signal, Long.toString(pid())).start();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("kill " + signal + ": failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Path log() {
        return home.resolve("output.log");
    }

    private String lastWords() throws IOException {
        String text = Files.readString(log());
        return text.substring(Math.max(0, text.length() - 4_000));
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }

    /// Ends it and removes its files. Idempotent.
    @Override
    public void close() {
        kill();
        if (!Files.exists(home)) {
            return;
        }
        try (var paths = Files.walk(home)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(kind.module + ": cannot delete " + home, e);
        }
    }
}
