package dev.millrace.testkit.search;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

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
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// A real node of OpenSearch or Elasticsearch, which can be killed, stopped in its tracks and
/// started again on the same port with what it had on disk.
///
/// Nothing has to be installed. It ends with the JVM that started it, however that ends; only a
/// whole distribution outlives one that is killed.
public final class SearchServer implements AutoCloseable {

    /// The property with the address of an Elasticsearch that runs already and is to stand in for
    /// the shared one, such as another version.
    private static final String RUNNING = "millrace.testkit.elasticsearch";

    /// Where that asks who comes: the properties with the [Login].
    private static final String AUTHORITY = RUNNING + ".authority";

    private static final String USER = RUNNING + ".user";
    private static final String PASSWORD = RUNNING + ".password";

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(60);

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

    /// Who may do everything where a server asks who comes.
    ///
    /// @param authority PEM file of who signed the certificate of the server
    public record Login(Path authority, String user, String password) {

        /// The properties that tell another JVM of it, beside the address of the server.
        public Map<String, String> properties() {
            return Map.of(AUTHORITY, authority.toString(), USER, user, PASSWORD, password);
        }

        private static @Nullable Login ofProperties() {
            String authority = System.getProperty(AUTHORITY, "");
            return authority.isEmpty()
                    ? null
                    : new Login(
                            Path.of(authority),
                            System.getProperty(USER, ""),
                            System.getProperty(PASSWORD, ""));
        }
    }

    /// What a distribution asks who comes with: it speaks TLS alone, and knows one user.
    ///
    /// @param certificate PEM, for `localhost`
    /// @param key PEM, PKCS#8
    public record Guard(Path certificate, Path key, Login login) {}

    /// What a node consists of.
    private sealed interface Node {

        String name();

        /// How to get in; null where everybody may.
        default @Nullable Login login() {
            return null;
        }

        /// The server's jars, as Maven has them, and a few lines of ours that start it.
        record OfJars(Kind kind, List<String> javaOptions) implements Node {
            @Override
            public String name() {
                return kind.module;
            }
        }

        /// What its makers deliver, unpacked.
        record OfDistribution(Path directory, Guard guard) implements Node {
            @Override
            public String name() {
                return directory.getFileName().toString();
            }

            @Override
            public Login login() {
                return guard.login();
            }
        }

        /// One that somebody else has started.
        record Running(URI uri, @Nullable Login login) implements Node {
            @Override
            public String name() {
                return uri.toString();
            }
        }
    }

    private static final class Shared {
        private static final SearchServer OPENSEARCH = launchedForGood(Kind.OPENSEARCH);
    }

    private static final class SharedToo {
        private static final SearchServer ELASTICSEARCH = runningOrLaunched();
    }

    private final Node node;
    private final Path home;
    private final URI uri;
    private final int nodesPort = freePort();
    private final HttpClient http;
    private volatile @Nullable Process process;

    private SearchServer(Node node, Path home, URI uri) {
        this.node = node;
        this.home = home;
        this.uri = uri;
        var client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(2));
        var login = node.login();
        if (login != null) {
            client.sslContext(trusting(login.authority()));
        }
        this.http = client.build();
    }

    private static SSLContext trusting(Path authority) {
        try (var file = Files.newInputStream(authority)) {
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static URI freeAddress() {
        return URI.create("http://127.0.0.1:" + freePort());
    }

    /// One of the kind for all tests of this JVM, started by whoever asks first.
    public static SearchServer shared(Kind kind) {
        return switch (kind) {
            case OPENSEARCH -> Shared.OPENSEARCH;
            case ELASTICSEARCH -> SharedToo.ELASTICSEARCH;
        };
    }

    private static SearchServer runningOrLaunched() {
        String running = System.getProperty(RUNNING, "");
        return running.isEmpty()
                ? launchedForGood(Kind.ELASTICSEARCH)
                : new SearchServer(
                        new Node.Running(URI.create(running), Login.ofProperties()),
                        Path.of(""),
                        URI.create(running));
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
            return launch(kind, Files.createTempDirectory("millrace-" + kind.module + "-"));
        } catch (IOException e) {
            throw new UncheckedIOException(kind.module + ": no temporary directory", e);
        }
    }

    /// The same with all that it keeps in a directory.
    ///
    /// @param home an empty one; removed when it closes
    public static SearchServer launch(Kind kind, Path home) {
        return launch(kind, home, JAVA_OPTIONS_OF_TESTS);
    }

    /// The same.
    ///
    /// @param javaOptions of its process
    public static SearchServer launch(Kind kind, Path home, List<String> javaOptions) {
        var server = new SearchServer(new Node.OfJars(kind, javaOptions), home, freeAddress());
        server.start();
        return server;
    }

    /// Starts an unpacked distribution of Elasticsearch, which must be readable for everybody: it
    /// refuses to run as root, and runs as nobody then.
    ///
    /// @param home an empty directory that everybody can reach; removed when it closes
    /// @throws IllegalStateException when it does not start, with its last words
    public static SearchServer launch(Path distribution, Path home, Guard guard) {
        var address = URI.create("https://localhost:" + freePort());
        var server = new SearchServer(new Node.OfDistribution(distribution, guard), home, address);
        try {
            server.configure(distribution, guard);
        } catch (IOException e) {
            throw new UncheckedIOException(distribution + ": not configured", e);
        }
        // It does not notice by itself that nobody is left.
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "distribution-close"));
        server.start();
        return server;
    }

    private void configure(Path distribution, Guard guard) throws IOException {
        Path config = home.resolve("config");
        Files.createDirectories(config);
        Files.createDirectories(home.resolve("data"));
        Files.createDirectories(home.resolve("logs"));
        Files.copy(
                distribution.resolve("config/log4j2.properties"),
                config.resolve("log4j2.properties"));
        Files.write(
                config.resolve("jvm.options"),
                Files.readAllLines(distribution.resolve("config/jvm.options")).stream()
                        // Files beside the distribution, where it may not write.
                        .filter(line -> !line.contains("logs/") && !line.contains("HeapDumpPath"))
                        .toList());
        Files.writeString(
                config.resolve("elasticsearch.yml"),
                """
                cluster.name: test
                node.name: node
                discovery.type: single-node
                network.host: 127.0.0.1
                http.port: %d
                transport.port: %d
                path.data: %s
                path.logs: %s
                cluster.routing.allocation.disk.threshold_enabled: false
                %s
                """
                        .formatted(
                                uri.getPort(),
                                nodesPort,
                                home.resolve("data"),
                                home.resolve("logs"),
                                security(guard)));
        addUser(distribution, guard.login());
        if (isRoot()) {
            run("chown", "-R", "nobody", home.toString());
        }
    }

    // It reads such files nowhere but beside its settings.
    private String security(Guard guard) throws IOException {
        Files.copy(guard.certificate(), home.resolve("config/node.pem"));
        Files.copy(guard.key(), home.resolve("config/node.key"));
        return """
        xpack.security.enabled: true
        xpack.security.autoconfiguration.enabled: false
        xpack.security.http.ssl.enabled: true
        xpack.security.http.ssl.certificate: node.pem
        xpack.security.http.ssl.key: node.key
        """;
    }

    private void addUser(Path distribution, Login login) throws IOException {
        for (var name : List.of("users", "users_roles", "roles.yml", "role_mapping.yml")) {
            Files.copy(
                    distribution.resolve("config").resolve(name),
                    home.resolve("config").resolve(name));
        }
        var builder =
                new ProcessBuilder(
                                distribution.resolve("bin/elasticsearch-users").toString(),
                                "useradd",
                                login.user(),
                                "-p",
                                login.password(),
                                "-r",
                                "superuser")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        surround(builder);
        try {
            if (builder.start().waitFor() != 0) {
                throw new IllegalStateException(
                        node.name() + ": no user made; it said: " + lastWords());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while making a user", e);
        }
    }

    // What its programs find their Java and their settings by.
    private void surround(ProcessBuilder builder) {
        builder.environment().put("ES_JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("ES_PATH_CONF", home.resolve("config").toString());
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    public URI uri() {
        return uri;
    }

    /// How to get in; empty where everybody may.
    public Optional<Login> login() {
        return Optional.ofNullable(node.login());
    }

    /// The process that runs now.
    public long pid() {
        return running().pid();
    }

    /// Starts it again after [#kill()] or [#stop()], and waits until it answers.
    public void start() {
        try {
            var builder =
                    new ProcessBuilder(command())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
            if (node instanceof Node.OfDistribution) {
                surround(builder);
                builder.environment().put("ES_JAVA_OPTS", "-Xms512m -Xmx512m");
            }
            var started = builder.start();
            process = started;
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!answers()) {
                if (!started.isAlive() || System.nanoTime() > deadline) {
                    kill();
                    throw new IllegalStateException(
                            node.name() + ": does not answer; it said: " + lastWords());
                }
                LockSupport.parkNanos(MILLISECONDS.toNanos(50));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(node.name() + ": not started", e);
        }
    }

    private List<String> command() throws IOException {
        return switch (node) {
            case Node.OfJars(Kind kind, List<String> javaOptions) -> jarsCommand(kind, javaOptions);
            case Node.OfDistribution(Path directory, Guard _) -> {
                String program = directory.resolve("bin/elasticsearch").toString();
                yield isRoot()
                        ? List.of(
                                "setpriv",
                                "--reuid=nobody",
                                "--regid=nogroup",
                                "--clear-groups",
                                program)
                        : List.of(program);
            }
            case Node.Running _ ->
                    throw new IllegalStateException(
                            node.name() + ": runs by itself (expected: one that was launched)");
        };
    }

    private List<String> jarsCommand(Kind kind, List<String> javaOptions) throws IOException {
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
                        Integer.toString(uri.getPort()),
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
                HttpRequest.newBuilder(uri.resolve(path))
                        .timeout(Duration.ofSeconds(30))
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body));
        var login = node.login();
        if (login != null) {
            String pair = login.user() + ":" + login.password();
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8)));
        }
        try {
            return http.send(request.build(), BodyHandlers.ofString()).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while asking " + uri, e);
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
        var all = all(running);
        all.forEach(ProcessHandle::destroyForcibly);
        if (!haveEnded(all, KILL_TIMEOUT)) {
            throw new IllegalStateException(node.name() + ": still runs after kill -9");
        }
    }

    /// Ends it as its operator does, with time to bring to disk what it has.
    public void stop() {
        var running = running();
        process = null;
        var all = all(running);
        if (node instanceof Node.OfDistribution) {
            // By its handle, which leaves its pipes open.
            running.toHandle().destroy();
        } else {
            try {
                // What our few lines wait for.
                running.getOutputStream().close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        if (!haveEnded(all, STOP_TIMEOUT)) {
            all.forEach(ProcessHandle::destroyForcibly);
            throw new IllegalStateException(node.name() + ": did not stop within " + STOP_TIMEOUT);
        }
    }

    /// A distribution starts the server from another process.
    private static List<ProcessHandle> all(Process running) {
        return Stream.concat(Stream.of(running.toHandle()), running.descendants()).toList();
    }

    private static boolean haveEnded(List<ProcessHandle> all, Duration timeout) {
        var ends = all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(timeout.toMillis(), MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private Process running() {
        var running = process;
        if (running == null) {
            throw new IllegalStateException(node.name() + ": not running (expected: started)");
        }
        return running;
    }

    /// Whether it has not ended by itself since it was started.
    public boolean isAlive() {
        var running = process;
        return running != null && running.isAlive();
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
        var command = new ArrayList<>(List.of("kill", signal));
        all(running()).forEach(one -> command.add(Long.toString(one.pid())));
        run(command.toArray(String[]::new));
    }

    private static void run(String... command) {
        try {
            if (new ProcessBuilder(command).start().waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": failed");
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
        if (node instanceof Node.Running || !Files.exists(home)) {
            return;
        }
        try (var paths = Files.walk(home)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(node.name() + ": cannot delete " + home, e);
        }
    }
}
