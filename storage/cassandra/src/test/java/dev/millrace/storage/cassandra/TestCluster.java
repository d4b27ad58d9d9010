package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.testkit.CassandraServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The server that all tests share, with a session to look behind the store's back.
final class TestCluster {

    /// For tests that keep out of each other's way by the names of services and traces.
    static final String KEYSPACE = "shared";

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private TestCluster() {}

    private static final class Session {
        static final CqlSession SESSION =
                CqlSession.builder()
                        .addContactPoint(CassandraServer.shared().address())
                        .withLocalDatacenter(CassandraServer.DATACENTER)
                        .withAuthCredentials(CassandraServer.USER, CassandraServer.PASSWORD)
                        .withConfigLoader(
                                DriverConfigLoader.programmaticBuilder()
                                        .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, PATIENCE)
                                        .withDuration(
                                                DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT,
                                                PATIENCE)
                                        .withDuration(
                                                DefaultDriverOption.RECONNECTION_MAX_DELAY,
                                                Duration.ofSeconds(1))
                                        .withBoolean(
                                                DefaultDriverOption
                                                        .TIMESTAMP_GENERATOR_FORCE_JAVA_CLOCK,
                                                true)
                                        .build())
                        .build();
    }

    private static final class Store {
        static final CassandraTraceStore STORE = started(config(KEYSPACE));
    }

    /// One that several classes use, on [#KEYSPACE].
    static CassandraTraceStore store() {
        return Store.STORE;
    }

    static CassandraTraceStore started(CassandraConfig config) {
        return started(config, System::nanoTime);
    }

    /// @param nanoTime after which names are written again
    static CassandraTraceStore started(CassandraConfig config, LongSupplier nanoTime) {
        var store =
                new CassandraTraceStore(
                        config,
                        new SimpleMeterRegistry(),
                        RowBudget.MAX_ROWS,
                        Search.MAX_TRACES,
                        nanoTime);
        store.start();
        return store;
    }

    static CassandraConfig config(String keyspace) {
        return config(keyspace, true, PATIENCE);
    }

    static CassandraConfig config(String keyspace, boolean extraIndexes, Duration timeout) {
        return new Login().config(keyspace, extraIndexes, timeout);
    }

    /// How to get in.
    ///
    /// @param tls null for none
    record Login(InetSocketAddress address, String user, String password, @Nullable ServerTls tls) {

        /// As the server would have it, without TLS.
        Login() {
            this(
                    CassandraServer.shared().address(),
                    CassandraServer.USER,
                    CassandraServer.PASSWORD,
                    null);
        }

        /// The same with TLS.
        static Login overTls() {
            var usual = new Login();
            var tls = new ServerTls(CassandraServer.shared().authority(), null, null);
            return new Login(usual.address(), usual.user(), usual.password(), tls);
        }

        CassandraConfig config(String keyspace) {
            return config(keyspace, true, PATIENCE);
        }

        private CassandraConfig config(String keyspace, boolean extraIndexes, Duration timeout) {
            return new CassandraConfig(
                    List.of(address),
                    CassandraServer.DATACENTER,
                    keyspace,
                    user,
                    password,
                    tls,
                    true,
                    true,
                    Map.of(CassandraServer.DATACENTER, 1),
                    CassandraConfig.DEFAULT_RETENTION,
                    Duration.ZERO,
                    extraIndexes,
                    256,
                    Consistency.LOCAL_QUORUM,
                    timeout,
                    ByteSize.ofMebibytes(1));
        }
    }

    static PreparedStatement prepare(String cql) {
        return Session.SESSION.prepare(cql);
    }

    /// To send what no store would make.
    static Requests requests(MeterRegistry meters) {
        return new Requests(Session.SESSION, 256, PATIENCE, meters);
    }

    static List<Row> query(String cql, Object... values) {
        return Session.SESSION
                .execute(SimpleStatement.newInstance(cql, values).setTimeout(PATIENCE))
                .all();
    }

    /// Deletes whatever a keyspace, and those of its tenants, hold. Dropping them, or truncating
    /// tables, takes seconds.
    static void empty(String keyspace) {
        var partitionKeys = new TreeMap<String, List<String>>();
        for (var column :
                query(
                        "SELECT keyspace_name, table_name, column_name, kind, position FROM"
                                + " system_schema.columns")) {
            String owner = String.valueOf(column.getString("keyspace_name"));
            if ("partition_key".equals(column.getString("kind"))
                    && (owner.equals(keyspace) || owner.startsWith(keyspace + "_"))) {
                partitionKeys
                        .computeIfAbsent(
                                owner + "." + column.getString("table_name"),
                                _ -> new ArrayList<>())
                        .add(column.getString("column_name"));
            }
        }
        var emptied = new ArrayList<CompletableFuture<?>>();
        partitionKeys.forEach((table, key) -> {
            String select = "SELECT DISTINCT " + String.join(", ", key) + " FROM " + table;
            emptied.add(run(select).thenCompose(rows -> delete(table, key, rows)));
        });
        emptied.forEach(CompletableFuture::join);
    }

    private static CompletableFuture<?> delete(
            String table, List<String> key, AsyncResultSet found) {
        if (found.hasMorePages()) {
            throw new IllegalStateException(table + ": more than a page (expected: a few rows)");
        }
        String delete = "DELETE FROM " + table + " WHERE " + String.join(" = ? AND ", key) + " = ?";
        var deletions = new ArrayList<CompletableFuture<?>>();
        for (var row : found.currentPage()) {
            var values = IntStream.range(0, key.size()).mapToObj(row::getObject).toArray();
            deletions.add(run(delete, values));
        }
        return CompletableFuture.allOf(deletions.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<AsyncResultSet> run(String cql, Object... values) {
        return Session.SESSION
                .executeAsync(SimpleStatement.newInstance(cql, values))
                .toCompletableFuture();
    }
}
