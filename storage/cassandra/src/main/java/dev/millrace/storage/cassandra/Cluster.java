package dev.millrace.storage.cassandra;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.ssl.ProgrammaticSslEngineFactory;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// What is held while a store is open: the driver's session, and the keyspaces used so far.
final class Cluster implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final CassandraConfig config;
    private final LongSupplier nanoTime;
    private final Schema schema;
    private final CqlSession session;
    private final Requests requests;
    private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();
    private final ConcurrentHashMap<Tenant, Keyspace> keyspaces = new ConcurrentHashMap<>();
    // Several at once would create the same tables.
    private final Object opening = new Object();

    /// Connects to the nodes and opens the keyspace of the default tenant.
    ///
    /// @param nanoTime as [System#nanoTime()] has it
    /// @throws StoreException when no node answers or the keyspace is incomplete
    Cluster(CassandraConfig config, MeterRegistry meters, LongSupplier nanoTime) {
        this.config = config;
        this.nanoTime = nanoTime;
        this.schema = new Schema(config);
        try {
            this.session = connect(config);
        } catch (RuntimeException e) {
            throw Failures.of("connect to " + config.contactPoints(), e);
        }
        this.requests =
                new Requests(session, config.maxInFlight(), config.requestTimeout(), meters);
        try {
            var _ = forWriting(Tenant.DEFAULT);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static CqlSession connect(CassandraConfig config) {
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
        var authority = config.authority();
        if (authority != null) {
            builder.withSslEngineFactory(
                    new ProgrammaticSslEngineFactory(trusting(authority), null, true));
        }
        return builder.build();
    }

    private static SSLContext trusting(Path authority) {
        try (var file = Files.newInputStream(authority)) {
            var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry(Integer.toString(trusted.size()), certificate);
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    authority + ": " + e.getMessage() + " (expected: certificates as PEM)",
                    e);
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
