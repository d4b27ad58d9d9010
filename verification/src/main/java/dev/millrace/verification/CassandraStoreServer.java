package dev.millrace.verification;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.cassandra.CassandraConfig;
import dev.millrace.storage.cassandra.CassandraTraceStore;
import dev.millrace.storage.cassandra.Consistency;
import dev.millrace.testkit.CassandraServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Cassandra, as a [StoreServer].
///
/// Its tables are on the small disk, its commit log is beside it, as its makers advise. When it
/// cannot write its tables any more, it closes its port and waits for its operator.
final class CassandraStoreServer implements StoreServer {

    private static final String KEYSPACE = "proof";
    private static final ByteSize DISK = ByteSize.ofMebibytes(2_048);

    /// Less than it wants to have left after it has written a table.
    private static final ByteSize ROOM = ByteSize.ofMebibytes(40);

    private static final Duration CLOSED_WITHIN = Duration.ofMinutes(3);
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PAGE = 1_000;
    private static final long LAST_MINUTE = 100_000_000;

    private final String name;
    private final SmallDisk disk;
    private final CassandraServer server;

    private CassandraStoreServer(String name, SmallDisk disk, CassandraServer server) {
        this.name = name;
        this.disk = disk;
        this.server = server;
    }

    static CassandraStoreServer launch() {
        var disk = SmallDisk.mounted(DISK);
        try {
            var server =
                    CassandraServer.launch(Files.createDirectory(disk.path().resolve("tables")));
            try (var session = session(server)) {
                var local = session.execute("SELECT release_version FROM system.local").one();
                String version = local == null ? "" : local.getString("release_version");
                return new CassandraStoreServer("Cassandra " + version, disk, server);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(disk.path() + ": no place for tables", e);
        }
    }

    private static CqlSession session(CassandraServer server) {
        var options =
                DriverConfigLoader.programmaticBuilder()
                        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, PATIENCE)
                        .withDuration(DefaultDriverOption.CONNECTION_CONNECT_TIMEOUT, PATIENCE)
                        .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, PATIENCE)
                        .withDuration(DefaultDriverOption.CONTROL_CONNECTION_TIMEOUT, PATIENCE)
                        .withInt(DefaultDriverOption.REQUEST_PAGE_SIZE, PAGE)
                        // The finer clock would be native code.
                        .withBoolean(DefaultDriverOption.TIMESTAMP_GENERATOR_FORCE_JAVA_CLOCK, true)
                        .build();
        return CqlSession.builder()
                .withConfigLoader(options)
                .withLocalDatacenter(CassandraServer.DATACENTER)
                .addContactPoint(server.address())
                .build();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Map<String, String> settings() {
        return Map.of(
                "storage.type",
                "cassandra",
                "storage.cassandra.contact-points",
                "127.0.0.1:" + server.address().getPort(),
                "storage.cassandra.keyspace",
                KEYSPACE);
    }

    @Override
    public void kill() {
        server.kill();
    }

    @Override
    public void stop() {
        server.stop();
    }

    @Override
    public void start() {
        server.start();
    }

    @Override
    public void freeze() {
        server.freeze();
    }

    @Override
    public void thaw() {
        server.thaw();
    }

    @Override
    public String fillDisk() {
        disk.leave(ROOM);
        long deadline = System.nanoTime() + CLOSED_WITHIN.toNanos();
        while (server.answers()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        name
                                + ": still answers with "
                                + ROOM
                                + " of disk after "
                                + CLOSED_WITHIN
                                + " (expected: a closed port)");
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
            // It has ways to make room.
            disk.leave(ROOM);
        }
        return "closes its port";
    }

    @Override
    public String freeDisk() {
        disk.free();
        // It does not come back by itself.
        server.kill();
        server.start();
        return "is killed and started again when there is room";
    }

    @Override
    public Map<TraceId, List<Slice>> spans() {
        var spans = new HashMap<TraceId, List<Slice>>();
        var all =
                SimpleStatement.newInstance(
                        "SELECT trace_id, millrace_span FROM " + KEYSPACE + ".traces");
        try (var session = session(server)) {
            for (var row : session.execute(all)) {
                var id = ByteBuffer.wrap(bytes(row.getByteBuffer("trace_id")));
                spans.computeIfAbsent(
                                new TraceId(id.getLong(), id.getLong()), _ -> new ArrayList<>(1))
                        .add(Slice.of(bytes(row.getByteBuffer("millrace_span"))));
            }
        }
        return spans;
    }

    private static byte[] bytes(@Nullable ByteBuffer column) {
        if (column == null) {
            throw new IllegalStateException("traces: a column is null (expected: bytes)");
        }
        byte[] bytes = new byte[column.remaining()];
        column.get(bytes);
        return bytes;
    }

    @Override
    public List<DependencyMinute> figures() {
        var usual = CassandraConfig.of(List.of(server.address()), CassandraServer.DATACENTER);
        var config =
                new CassandraConfig(
                        usual.contactPoints(),
                        usual.localDatacenter(),
                        KEYSPACE,
                        "",
                        "",
                        null,
                        true,
                        false,
                        Map.of(),
                        usual.retention(),
                        usual.dependencyRetention(),
                        true,
                        usual.maxInFlight(),
                        Consistency.LOCAL_QUORUM,
                        PATIENCE,
                        usual.maxSpan());
        try (var store = new CassandraTraceStore(config, new SimpleMeterRegistry())) {
            store.start();
            return store.dependencies(Tenant.DEFAULT, 0, LAST_MINUTE);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } finally {
            disk.close();
        }
    }
}
