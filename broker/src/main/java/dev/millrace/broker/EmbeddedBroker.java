package dev.millrace.broker;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import kafka.server.BrokerServer;
import kafka.server.ControllerServer;
import kafka.server.FaultHandlerFactory;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.server.SharedServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.raft.QuorumConfig;
import org.apache.kafka.server.ServerSocketFactory;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.fault.FaultHandlerException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A Kafka broker inside this process: one node, controller included, its log on disk.
///
/// The log survives the death of the process by any means and is found again at the next start on
/// the same directory, with the same port or another. It does not survive the death of the machine:
/// there is one replica, and Kafka leaves writing to disk to the operating system.
///
/// Broker code cannot end the process. What would have is reported to the [FaultListener], and
/// [#healthy()] is false from then on.
public final class EmbeddedBroker implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

    private final BrokerConfig config;
    private final FaultListener listener;
    private final FaultListener faults = this::fault;
    private final AtomicBoolean faulty = new AtomicBoolean();

    private @Nullable DirectoryLock lock;
    private @Nullable ServerSocketChannel controllerSocket;
    private @Nullable ControllerServer controller;
    private @Nullable BrokerServer broker;
    private @Nullable String bootstrapServers;
    private boolean closed;

    public EmbeddedBroker(BrokerConfig config, FaultListener listener) {
        this.config = config;
        this.listener = listener;
    }

    /// Opens the log and returns once clients are served.
    ///
    /// @throws IllegalStateException when another broker has the directory, or this one was started
    ///   before
    public synchronized void start() {
        if (closed || lock != null) {
            throw new IllegalStateException("embedded broker: started before (expected: once)");
        }
        lock = DirectoryLock.take(config.directory());
        ExitGuard.add(faults);
        try {
            Path log = formattedLog(config.directory());
            open(log);
        } catch (IOException e) {
            close();
            throw new UncheckedIOException("embedded broker: cannot start", e);
        } catch (Throwable e) {
            close();
            throw e;
        }
        LOG.atInfo()
                .addKeyValue("bootstrapServers", bootstrapServers)
                .addKeyValue("directory", config.directory())
                .log(
                        "Embedded broker started; it survives the death of its process, not of its machine");
    }

    /// What clients connect to: `host:port`, with the port that was really taken.
    public synchronized String bootstrapServers() {
        if (bootstrapServers == null) {
            throw new IllegalStateException("embedded broker: not running (expected: started)");
        }
        return bootstrapServers;
    }

    /// The same for one of [BrokerConfig#listeners]: what its clients are told.
    public synchronized String bootstrapServers(String listener) {
        var running = broker;
        if (running == null || bootstrapServers == null) {
            throw new IllegalStateException("embedded broker: not running (expected: started)");
        }
        var way =
                config.listeners().stream()
                        .filter(one -> one.name().equals(listener))
                        .findFirst()
                        .orElseThrow();
        return way.advertised().isEmpty()
                ? config.address(way) + ":" + running.boundPort(ListenerName.normalised(listener))
                : way.advertised();
    }

    /// False once a fault was reported.
    public boolean healthy() {
        return !faulty.get();
    }

    /// Stops within a bounded time; threads that would not stop are left behind with an error in
    /// the log. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        bootstrapServers = null;
        if (lock == null) {
            return;
        }
        var stopped = new CompletableFuture<@Nullable Void>();
        BrokerServer closingBroker = broker;
        ControllerServer closingController = controller;
        ServerSocketChannel closingSocket = controllerSocket;
        Thread.ofPlatform()
                .daemon()
                .name("embedded-broker-close")
                .start(() -> {
                    try {
                        shutdown(closingBroker, closingController, closingSocket);
                        stopped.complete(null);
                    } catch (Throwable e) {
                        stopped.completeExceptionally(e);
                    }
                });
        try {
            stopped.orTimeout(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS).join();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("Embedded broker did not stop cleanly");
        }
        ExitGuard.remove(faults);
        lock.close();
    }

    private static void shutdown(
            @Nullable BrokerServer broker,
            @Nullable ControllerServer controller,
            @Nullable ServerSocketChannel controllerSocket)
            throws IOException {
        if (broker != null) {
            broker.shutdown();
        }
        if (controller != null) {
            controller.shutdown();
        }
        if (controllerSocket != null) {
            controllerSocket.close();
        }
    }

    // Formats beside and renames, so that a death in the middle leaves nothing half-formatted.
    private static Path formattedLog(Path directory) throws IOException {
        Path log = directory.resolve("log");
        if (Files.exists(log)) {
            return log;
        }
        Path fresh = directory.resolve("log.new");
        delete(fresh);
        try {
            new Formatter()
                    .setClusterId(Uuid.randomUuid().toString())
                    .setNodeId(BrokerSettings.NODE_ID)
                    .setControllerListenerName(BrokerSettings.CONTROLLER_LISTENER)
                    .setMetadataLogDirectory(fresh.toString())
                    .addDirectory(fresh.toString())
                    .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                    .setPrintStream(new PrintStream(PrintStream.nullOutputStream(), false))
                    .run();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("cannot format " + fresh, e);
        }
        Files.move(fresh, log, StandardCopyOption.ATOMIC_MOVE);
        return log;
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (var paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void open(Path log) throws IOException {
        // Through Kafka's factory: a channel in blocking mode would hang its acceptor.
        ServerSocketChannel socket =
                ServerSocketFactory.INSTANCE.openServerSocket(
                        BrokerSettings.CONTROLLER_LISTENER,
                        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
                        1 << 16,
                        50);
        controllerSocket = socket;
        Properties settings = BrokerSettings.of(config, log, socket.socket().getLocalPort());
        var kafka = KafkaConfig.fromProps(settings);
        var directories =
                KafkaRaftServer.initializeLogDirs(
                        kafka, LoggerFactory.getLogger(KafkaRaftServer.class), "");
        ServerSocketFactory sockets =
                (name, address, receiveBuffer, backlog) ->
                        name.equals(BrokerSettings.CONTROLLER_LISTENER)
                                ? socket
                                : ServerSocketFactory.INSTANCE.openServerSocket(
                                        name, address, receiveBuffer, backlog);
        var shared =
                new SharedServer(
                        kafka,
                        directories._1(),
                        Time.SYSTEM,
                        new Metrics(),
                        CompletableFuture.completedFuture(
                                QuorumConfig.parseVoterConnections(kafka.quorumConfig().voters())),
                        List.of(),
                        faultHandlers(),
                        sockets);
        broker = new BrokerServer(shared);
        controller = new ControllerServer(shared, KafkaRaftServer.configSchema(), directories._2());
        controller.startup();
        broker.startup();
        int port = broker.boundPort(ListenerName.normalised(BrokerSettings.CLIENT_LISTENER));
        bootstrapServers = config.address() + ":" + port;
    }

    private FaultHandlerFactory faultHandlers() {
        return (name, fatal, action) ->
                (message, cause) -> {
                    String what = name + ": " + message;
                    if (fatal) {
                        fault(what, cause);
                    } else {
                        LOG.atError()
                                .setCause(cause)
                                .addKeyValue("error", what)
                                .log("Broker error");
                    }
                    if (action != null) {
                        action.run();
                    }
                    return new FaultHandlerException(what, cause);
                };
    }

    private void fault(String message, @Nullable Throwable cause) {
        faulty.set(true);
        LOG.atError()
                .setCause(cause)
                .addKeyValue("error", message)
                .log("Embedded broker failed; it needs a restart");
        listener.onFault(message, cause);
    }
}
