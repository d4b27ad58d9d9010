package dev.millrace.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A real Cassandra of one node for tests, which can be killed, stopped in its tracks and started
/// again with what it had on disk.
///
/// What it acknowledges survives a kill. Runs from jars that Maven fetches, in a process of its own
/// that ends with this one; nothing has to be installed. Its datacenter is `datacenter1`. Everybody
/// may do everything; the shared one wants to know who they are, and speaks TLS with who wants it.
public final class CassandraServer implements AutoCloseable {

    public static final String DATACENTER = "datacenter1";

    /// Who may do everything on the shared one, in the words that Cassandra comes with.
    public static final String USER = "cassandra";

    /// Of that user.
    public static final String PASSWORD = "cassandra";

    private static final String CLASS_PATH = "cassandra.classpath";

    /// What it says when there is somebody to log in as.
    private static final String HAS_USER = "Created default superuser role";

    private static final String STORE_PASSWORD = "millrace";

    /// Creating tables forces dozens of files to disk, which is most of what tests wait for.
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final long ROOM_NEEDED = 1L << 30;

    /// Ready soon, and small.
    private static final List<String> JAVA_OPTIONS_OF_TESTS =
            List.of("-Xms384m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /// Little memory and disk, and each write forced to disk before it is acknowledged.
    private static final String SETTINGS_OF_TESTS =
            """
            commitlog_sync: batch
            commitlog_segment_size: 8MiB
            commitlog_total_space: 64MiB
            memtable_heap_space: 64MiB
            memtable_offheap_space: 64MiB
            memtable_allocation_type: heap_buffers
            file_cache_enabled: false
            """;

    /// As it is delivered; what is acknowledged outlives the process, but not yet the machine.
    private static final String SETTINGS_AS_DELIVERED =
            """
            commitlog_sync: periodic
            commitlog_sync_period: 10s
            """;

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(60);

    private static final List<String> EXPORTED =
            List.of(
                    "java.base/jdk.internal.misc",
                    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
                    "java.rmi/sun.rmi.registry",
                    "java.rmi/sun.rmi.server",
                    "java.rmi/sun.rmi.transport",
                    "java.rmi/sun.rmi.transport.tcp",
                    "java.sql/java.sql",
                    "jdk.unsupported/sun.misc");

    private static final List<String> OPENED =
            List.of(
                    "java.base/java.io",
                    "java.base/java.lang.module",
                    "java.base/java.net",
                    "java.base/java.nio",
                    "java.base/java.util",
                    "java.base/java.util.concurrent",
                    "java.base/java.util.concurrent.atomic",
                    "java.base/jdk.internal.loader",
                    "java.base/jdk.internal.math",
                    "java.base/jdk.internal.module",
                    "java.base/jdk.internal.ref",
                    "java.base/jdk.internal.reflect",
                    "java.base/jdk.internal.util.jar",
                    "java.base/sun.nio.ch",
                    "jdk.management/com.sun.management.internal");

    private final Path directory;
    private final Path data;
    private final List<String> javaOptions;
    private final String settings;
    private final boolean guarded;
    private final int port = freePort();
    private final int storagePort = freePort();
    private @Nullable Certificates certificates;
    private @Nullable Process process;

    /// @param settings lines for its configuration
    /// @param guarded whether it asks for a password and speaks TLS
    private CassandraServer(
            Path directory, Path data, List<String> javaOptions, String settings, boolean guarded) {
        this.directory = directory;
        this.data = data;
        this.javaOptions = List.copyOf(javaOptions);
        this.settings = settings;
        this.guarded = guarded;
    }

    /// The one that all tests of a process share, started when it is first asked for. It ends with
    /// the process; whoever kills it starts it again.
    public static CassandraServer shared() {
        return Shared.SERVER;
    }

    private static final class Shared {
        static final CassandraServer SERVER = launched(true);
    }

    /// A server that has been started for the first time.
    ///
    /// @throws IllegalStateException when it does not start
    public static CassandraServer launch() {
        return launched(false);
    }

    private static CassandraServer launched(boolean guarded) {
        try {
            var directory = newDirectory();
            return ofTests(directory, directory.resolve("data"), guarded);
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: no temporary directory", e);
        }
    }

    /// The same with its tables, but not its commit log, in a directory that stays the caller's to
    /// remove.
    public static CassandraServer launch(Path data) {
        try {
            return ofTests(newDirectory(), data, false);
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: no temporary directory", e);
        }
    }

    private static CassandraServer ofTests(Path directory, Path data, boolean guarded) {
        return launched(
                new CassandraServer(
                        directory, data, JAVA_OPTIONS_OF_TESTS, SETTINGS_OF_TESTS, guarded));
    }

    /// One with the settings it is delivered with, for measurements.
    ///
    /// @param directory of its own, which goes with it
    /// @param data where its tables are
    /// @param javaOptions of its process
    public static CassandraServer launchAsDelivered(
            Path directory, Path data, List<String> javaOptions) {
        return launched(
                new CassandraServer(directory, data, javaOptions, SETTINGS_AS_DELIVERED, false));
    }

    private static CassandraServer launched(CassandraServer launched) {
        try {
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(launched::close, "cassandra-server-close"));
            launched.configure();
            launched.start();
            return launched;
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: cannot write to " + launched.directory, e);
        }
    }

    // In memory where there is room; a process that is killed loses nothing there either.
    private static Path newDirectory() throws IOException {
        String name = "millrace-cassandra-";
        return Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() > ROOM_NEEDED
                ? Files.createTempDirectory(MEMORY, name)
                : Files.createTempDirectory(name);
    }

    /// The process that runs now.
    public long pid() {
        var running = process;
        if (running == null) {
            throw new IllegalStateException("cassandra: not running (expected: started)");
        }
        return running.pid();
    }

    /// Where clients connect.
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /// PEM of who signed the certificate of the shared one, which is for `localhost` alone.
    public Path authority() {
        var made = certificates;
        if (made == null) {
            throw new IllegalStateException("cassandra: without TLS (expected: the shared one)");
        }
        return made.authorityFile();
    }

    // A key store, for it knows no PEM by itself.
    private String guard() throws IOException {
        var made = new Certificates(Files.createDirectory(directory.resolve("certificates")));
        certificates = made;
        var store = directory.resolve("node.p12");
        try (var out = Files.newOutputStream(store)) {
            var password = STORE_PASSWORD.toCharArray();
            made.serverOf("localhost").bundle().toKeyStore("PKCS12", password).store(out, password);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return """
        authenticator: PasswordAuthenticator
        client_encryption_options:
          enabled: true
          optional: true
          require_client_auth: false
          keystore: %s
          keystore_password: %s
          store_type: PKCS12
        """
                .formatted(store, STORE_PASSWORD);
    }

    private void configure() throws IOException {
        // Cassandra shuts user-defined functions in with a security manager, which Java no longer
        // has. Tests define none, so its own class is hidden by one that does nothing.
        Path hidden = directory.resolve("shadow/org/apache/cassandra/security");
        Files.createDirectories(hidden);
        Files.write(
                hidden.resolve("ThreadAwareSecurityManager.class"),
                ClassFile.of()
                        .build(
                                ClassDesc.of(
                                        "org.apache.cassandra.security.ThreadAwareSecurityManager"),
                                type ->
                                        type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                                                .withMethodBody(
                                                        "install",
                                                        ConstantDescs.MTD_void,
                                                        ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                                                        code -> code.return_())));
        Files.writeString(
                directory.resolve("cassandra.yaml"),
                """
                cluster_name: millrace
                num_tokens: 1
                partitioner: org.apache.cassandra.dht.Murmur3Partitioner
                endpoint_snitch: SimpleSnitch
                seed_provider:
                  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
                    parameters:
                      - seeds: "127.0.0.1:%2$d"
                listen_address: 127.0.0.1
                rpc_address: 127.0.0.1
                native_transport_port: %1$d
                storage_port: %2$d
                start_native_transport: true
                disk_failure_policy: stop_paranoid
                data_file_directories: [%4$s]
                commitlog_directory: %3$s/commitlog
                hints_directory: %3$s/hints
                saved_caches_directory: %3$s/saved_caches
                cdc_raw_directory: %3$s/cdc_raw
                auto_bootstrap: false
                auto_snapshot: false
                read_request_timeout: 20s
                range_request_timeout: 20s
                write_request_timeout: 20s
                truncate_request_timeout: 20s
                request_timeout: 20s
                """
                                .formatted(port, storagePort, directory, data)
                        + settings
                        + (guarded ? guard() : ""));
        Files.writeString(
                directory.resolve("logback.xml"),
                """
                <configuration>
                  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                    <encoder><pattern>%d %level %logger{0} %msg%n</pattern></encoder>
                  </appender>
                  <root level="INFO"><appender-ref ref="out"/></root>
                </configuration>
                """);
    }

    /// Starts it again after [#kill()] or [#stop()], on the same port and with what it had on disk,
    /// and waits until it answers.
    public void start() {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(javaOptions);
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Djdk.attach.allowAttachSelf=true"));
        EXPORTED.forEach(name -> command.add("--add-exports=" + name + "=ALL-UNNAMED"));
        OPENED.forEach(name -> command.add("--add-opens=" + name + "=ALL-UNNAMED"));
        command.addAll(
                List.of(
                        "-Dcassandra.config=" + directory.resolve("cassandra.yaml").toUri(),
                        "-Dcassandra.storagedir=" + directory,
                        "-Dlogback.configurationFile=file:" + directory.resolve("logback.xml"),
                        "-Dcassandra-foreground=yes",
                        "-Dcassandra.ring_delay_ms=1",
                        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
                        // At once, for there are no others to see first; and soon checked.
                        "-Dcassandra.superuser_setup_delay_ms=0",
                        "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                directory.resolve("shadow").toString(),
                                ownClasses(),
                                classPath()),
                        CassandraProcess.class.getName()));
        try {
            process =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                            .start();
            awaitPort(process);
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: not started", e);
        }
    }

    // Of Maven's making, in another module, so that none of these jars is on our own class path.
    private static String classPath() {
        try (var file = CassandraServer.class.getResourceAsStream(CLASS_PATH)) {
            if (file == null) {
                throw new IllegalStateException(
                        CLASS_PATH
                                + ": not on the class path (expected: testkit/cassandra, built"
                                + " without -Dmaven.test.skip)");
            }
            return new String(file.readAllBytes(), UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String ownClasses() {
        try {
            return Path.of(
                            CassandraServer.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitPort(Process started) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!answers() || !hasUser()) {
            if (!started.isAlive() || System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        "cassandra: port "
                                + port
                                + (answers() ? " lets nobody in" : " does not answer")
                                + "; it said: "
                                + lastWords());
            }
            LockSupport.parkNanos(MILLISECONDS.toNanos(50));
        }
    }

    private boolean hasUser() throws IOException {
        return !guarded || Files.readString(log()).contains(HAS_USER);
    }

    private Path log() {
        return directory.resolve("server.log");
    }

    private String lastWords() throws IOException {
        if (!Files.exists(log())) {
            return "nothing";
        }
        String text = Files.readString(log());
        return text.substring(Math.max(0, text.length() - 4_000));
    }

    /// Whether clients can connect. They cannot when it has stopped itself because of its disk,
    /// even while its process lives.
    public boolean answers() {
        try (var _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: no free port", e);
        }
    }

    /// As `kill -9` does it. Idempotent.
    public void kill() {
        var running = process;
        if (running == null) {
            return;
        }
        process = null;
        running.destroyForcibly();
        try {
            if (!running.waitFor(CLOSE_TIMEOUT.toSeconds(), SECONDS)) {
                throw new IllegalStateException("cassandra: still runs after kill -9");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends it as its operator does, with time to finish its work.
    public void stop() {
        var running = process;
        if (running == null) {
            throw new IllegalStateException("cassandra: not running (expected: started)");
        }
        // By its handle: it would take the end of its input for the end of this process.
        running.toHandle().destroy();
        try {
            if (!running.waitFor(STOP_TIMEOUT.toSeconds(), SECONDS)) {
                kill();
                throw new IllegalStateException("cassandra: did not stop within " + STOP_TIMEOUT);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        process = null;
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
            var kill = new ProcessBuilder("kill", signal, Long.toString(pid()));
            if (kill.start().waitFor() != 0) {
                throw new IllegalStateException("kill " + signal + ": failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends it and removes its files. Idempotent.
    @Override
    public void close() {
        kill();
        if (!Files.exists(directory)) {
            return;
        }
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cassandra: cannot delete " + directory, e);
        }
    }
}
