package dev.millrace.storage.cassandra;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.stream.Collectors.toCollection;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.api.core.ssl.ProgrammaticSslEngineFactory;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/// What is held while a store is open: the driver's session, and the keyspaces used so far.
final class Cluster implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    /// More than the driver's own time-outs come to with a few nodes.
    private static final Duration CONNECT_TIMEOUT = Duration.ofMinutes(2);

    private final CassandraConfig config;
    private final LongSupplier nanoTime;
    private final Schema schema;
    private final CqlSession session;
    private final Requests requests;
    private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();
    private final ConcurrentHashMap<Tenant, Keyspace> keyspaces = new ConcurrentHashMap<>();
    // Several at once would create the same tables.
    private final Object opening = new Object();

    /// Connects to the nodes and opens the keyspace of the default tenant, within a bounded time.
    ///
    /// @param nanoTime as [System#nanoTime()] has it
    /// @throws StoreException when no node answers in time or the keyspace is incomplete; where
    ///   settings are to blame, with a [SettingsException] for a cause
    Cluster(CassandraConfig config, MeterRegistry meters, LongSupplier nanoTime) {
        this.config = config;
        this.nanoTime = nanoTime;
        this.schema = new Schema(config);
        try {
            this.session = await(builder(config).buildAsync().toCompletableFuture());
        } catch (IllegalArgumentException e) {
            throw new StoreException(Kind.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
        } catch (ExecutionException | RuntimeException e) {
            throw Failures.ofConnecting(config, e);
        }
        this.requests =
                new Requests(session, config.maxInFlight(), config.requestTimeout(), meters);
        boolean complete = false;
        try {
            checkDatacenter();
            var _ = forWriting(Tenant.DEFAULT);
            requests.watch(meters);
            complete = true;
        } catch (RuntimeException e) {
            throw Failures.of("keyspace " + config.keyspace(), e);
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private static CqlSessionBuilder builder(CassandraConfig config) {
        Duration timeout = config.requestTimeout();
        var options =
                DriverConfigLoader.programmaticBuilder()
                        .withString(DefaultDriverOption.SESSION_NAME, "millrace")
                        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, timeout)
                        .withString(
                                DefaultDriverOption.REQUEST_CONSISTENCY,
                                config.consistency().name())
                        // What is not, says so: see JaegerSpanRow.
                        .withBoolean(DefaultDriverOption.REQUEST_DEFAULT_IDEMPOTENCE, true)
                        .withBoolean(DefaultDriverOption.REQUEST_LOG_WARNINGS, false)
                        .withDuration(DefaultDriverOption.CONNECTION_CONNECT_TIMEOUT, timeout)
                        .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, timeout)
                        .withDuration(DefaultDriverOption.CONNECTION_SET_KEYSPACE_TIMEOUT, timeout)
                        .withDuration(DefaultDriverOption.CONTROL_CONNECTION_TIMEOUT, timeout)
                        .withDuration(
                                DefaultDriverOption.METADATA_SCHEMA_REQUEST_TIMEOUT,
                                timeout.multipliedBy(2))
                        .withDuration(
                                DefaultDriverOption.RECONNECTION_BASE_DELAY, Duration.ofMillis(200))
                        .withDuration(
                                DefaultDriverOption.RECONNECTION_MAX_DELAY, Duration.ofSeconds(5))
                        .withInt(
                                DefaultDriverOption.CONNECTION_MAX_REQUESTS,
                                Math.max(1_024, Math.min(32_768, config.maxInFlight())))
                        // The finer clock would be native code.
                        .withBoolean(DefaultDriverOption.TIMESTAMP_GENERATOR_FORCE_JAVA_CLOCK, true)
                        // Nothing is left to be sent when the session closes.
                        .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_QUIET_PERIOD, 0)
                        .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_QUIET_PERIOD, 0)
                        .build();
        var builder =
                CqlSession.builder()
                        .withConfigLoader(options)
                        .withLocalDatacenter(config.localDatacenter())
                        .addContactPoints(config.contactPoints());
        if (!config.user().isEmpty()) {
            builder.withAuthCredentials(config.user(), config.password());
        }
        var tls = config.tls();
        if (tls != null) {
            builder.withSslEngineFactory(
                    new ProgrammaticSslEngineFactory(tls.context(), null, config.checkHostNames()));
        }
        return builder;
    }

    private static CqlSession await(CompletableFuture<CqlSession> session)
            throws ExecutionException {
        try {
            return session.get(CONNECT_TIMEOUT.toNanos(), NANOSECONDS);
        } catch (TimeoutException e) {
            closeWhenMade(session);
            throw new StoreException(Kind.UNAVAILABLE, "no session within " + CONNECT_TIMEOUT, e);
        } catch (InterruptedException e) {
            closeWhenMade(session);
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted while connecting", e);
        }
    }

    private static void closeWhenMade(CompletableFuture<CqlSession> session) {
        var _ = session.thenAccept(CqlSession::forceCloseAsync);
    }

    // The driver connects all the same, and then has no node for any request.
    private void checkDatacenter() {
        var known =
                session.getMetadata().getNodes().values().stream()
                        .map(Node::getDatacenter)
                        .filter(Objects::nonNull)
                        .collect(toCollection(TreeSet::new));
        if (!known.contains(config.localDatacenter())) {
            String text =
                    "local-datacenter: "
                            + config.localDatacenter()
                            + ", where no node is (expected: one of "
                            + String.join(", ", known)
                            + ")";
            throw new StoreException(Kind.UNAVAILABLE, text, new SettingsException(text));
        }
    }

    Requests requests() {
        return requests;
    }

    /// Whose threads may wait.
    ExecutorService readers() {
        return readers;
    }

    /// Nothing where the tenant has written nothing yet.
    Optional<Keyspace> forReading(Tenant tenant) {
        var open = keyspaces.get(tenant);
        if (open != null) {
            return Optional.of(open);
        }
        return Schema.exists(session, TenantKeyspace.of(config.keyspace(), tenant))
                ? Optional.of(forWriting(tenant))
                : Optional.empty();
    }

    /// Created when it is missing and that is asked for.
    ///
    /// @throws StoreException when it is incomplete
    Keyspace forWriting(Tenant tenant) {
        var open = keyspaces.get(tenant);
        if (open != null) {
            return open;
        }
        synchronized (opening) {
            open = keyspaces.get(tenant);
            if (open == null) {
                String name = TenantKeyspace.of(config.keyspace(), tenant);
                schema.prepare(session, name);
                open = new Keyspace(config, session, requests, name, nanoTime);
                keyspaces.put(tenant, open);
            }
            return open;
        }
    }

    @Override
    public void close() {
        readers.shutdownNow();
        try {
            session.closeAsync().toCompletableFuture().get(CLOSE_TIMEOUT.toNanos(), NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            var _ = session.forceCloseAsync();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            var _ = session.forceCloseAsync();
        }
    }
}
