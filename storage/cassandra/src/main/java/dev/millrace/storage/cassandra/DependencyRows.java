package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.UdtValue;
import com.datastax.oss.driver.api.core.type.ListType;
import com.datastax.oss.driver.api.core.type.UserDefinedType;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.cassandra.Requests.Write;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The figures of services in one keyspace: all of them in a table of ours, the number of calls in
/// Jaeger's as well, whose own are read too.
final class DependencyRows {

    /// The partition that what Jaeger's job wrote goes by, as it has none.
    static final int OF_JAEGER = -1;

    /// What the windows of figures go by in the table of windows.
    private static final String WINDOWS = "dependencies";

    private static final String SOURCE = "millrace";

    private static final Duration WINDOW = Duration.ofHours(1);
    private static final Duration DAY = Duration.ofDays(1);
    private static final long MILLIS = Duration.ofMinutes(1).toMillis();

    /// Later minutes have no milliseconds in Cassandra's range.
    private static final long LAST_MINUTE = 140_000_000_000L;

    /// For more days than these it is asked first which there are.
    private static final int MAX_DAYS = 100;

    private final Requests requests;
    private final Statements statements;
    private final UserDefinedType dependency;
    private final int keptSeconds;

    /// @param keptSeconds how long a row that says where figures are is kept; 0 for ever
    DependencyRows(Requests requests, Statements statements, int keptSeconds) {
        this.requests = requests;
        this.statements = statements;
        this.keptSeconds = keptSeconds;
        var list =
                (ListType)
                        statements
                                .insertDependencies
                                .getVariableDefinitions()
                                .get("dependencies")
                                .getType();
        this.dependency = (UserDefinedType) list.getElementType();
    }

    /// What there is to write.
    List<Write> writes(DependencyMinute minute) {
        var writes = new ArrayList<Write>();
        var window = start(minute.minute(), WINDOW);
        var delta =
                new DependencyDelta(
                        minute.tenant(),
                        new DependencyDelta.Origin("", minute.partition(), minute.upTo()),
                        minute.entries());
        Slice figures = delta.encode();
        writes.add(
                new Write(
                        null,
                        statements
                                .insertWindow
                                .bind()
                                .setString("kind", WINDOWS)
                                .setInstant("window", window)
                                .setInt("kept", keptSeconds)));
        writes.add(
                new Write(
                        null,
                        statements
                                .insertMinute
                                .bind()
                                .setInstant("window", window)
                                .setLong("minute", minute.minute())
                                .setInt("partition", minute.partition())
                                .setLong("up_to", minute.upTo())
                                .setByteBuffer(
                                        "figures",
                                        ByteBuffer.wrap(
                                                figures.array(),
                                                figures.offset(),
                                                figures.length()))));
        var links = links(minute);
        if (!links.isEmpty()) {
            // Its milliseconds tell the partitions of a minute apart. The first is left to Jaeger's
            // job, whose row of a whole day has the time at which the day begins.
            long millis =
                    minute.minute() * MILLIS + 1 + Math.floorMod(minute.partition(), MILLIS - 1);
            writes.add(
                    new Write(
                            null,
                            statements
                                    .insertDependencies
                                    .bind()
                                    .setInstant("ts_bucket", start(minute.minute(), DAY))
                                    .setInstant("ts", Instant.ofEpochMilli(millis))
                                    .setList("dependencies", links, UdtValue.class)
                                    // See JaegerSpanRow about lists.
                                    .setIdempotent(false)));
        }
        return writes;
    }

    /// As Jaeger draws them: whoever calls from outside is nobody, and figures without a time have
    /// no place.
    private List<UdtValue> links(DependencyMinute minute) {
        var calls = new TreeMap<String, TreeMap<String, Double>>();
        for (var entry : minute.entries()) {
            if (entry.minute() > 0
                    && entry.series() instanceof Dependency(String caller, String callee, var _)
                    && !caller.equals(Dependency.USER)) {
                calls.computeIfAbsent(caller, _ -> new TreeMap<>())
                        .merge(callee, entry.figures().calls(), Double::sum);
            }
        }
        var links = new ArrayList<UdtValue>();
        calls.forEach((caller, callees) ->
                callees.forEach((callee, count) ->
                        links.add(
                                dependency
                                        .newValue()
                                        .setString("parent", caller)
                                        .setString("child", callee)
                                        .setLong("call_count", Math.round(count))
                                        .setString("source", SOURCE))));
        return links;
    }

    /// What is kept of some minutes.
    List<DependencyMinute> read(Tenant tenant, long from, long to) {
        long first = Math.clamp(from, 0, LAST_MINUTE);
        long last = Math.clamp(to, 0, LAST_MINUTE);
        if (first >= last) {
            return List.of();
        }
        var minutes = new ArrayList<DependencyMinute>();
        var windows =
                requests.rows(
                        "dependencies",
                        statements
                                .selectWindows
                                .bind()
                                .setString("kind", WINDOWS)
                                .setInstant("first", start(first, WINDOW))
                                .setInstant("last", start(last - 1, WINDOW)));
        for (var window : windows) {
            var rows =
                    requests.rows(
                            "dependencies",
                            statements
                                    .selectMinutes
                                    .bind()
                                    .setInstant("window", Columns.instant(window, "window"))
                                    .setLong("first", first)
                                    .setLong("last", last));
            rows.forEach(row -> minutes.add(minute(tenant, row)));
        }
        minutes.addAll(readJaeger(tenant, first, last));
        return minutes;
    }

    private static DependencyMinute minute(Tenant tenant, Row row) {
        long minute = row.getLong("minute");
        try {
            var delta = DependencyDelta.decode(Columns.bytes(row.getByteBuffer("figures")));
            return new DependencyMinute(
                    tenant, minute, row.getInt("partition"), row.getLong("up_to"), delta.entries());
        } catch (MalformedSpansException | IllegalArgumentException e) {
            throw new StoreException(
                    Kind.CORRUPT, "dependencies of minute " + minute + ": " + e.getMessage(), e);
        }
    }

    private Collection<DependencyMinute> readJaeger(Tenant tenant, long first, long last) {
        var minutes = new TreeMap<Long, Map<Dependency, Figures>>();
        for (var day : days(first, last)) {
            var rows =
                    requests.rows(
                            "dependencies",
                            statements
                                    .selectDependencies
                                    .bind()
                                    .setInstant("ts_bucket", day)
                                    .setInstant("first", Instant.ofEpochMilli(first * MILLIS))
                                    .setInstant("last", Instant.ofEpochMilli(last * MILLIS)));
            for (var row : rows) {
                long minute = Math.floorDiv(Columns.instant(row, "ts").toEpochMilli(), MILLIS);
                for (var link : Columns.list(row, "dependencies")) {
                    if (!SOURCE.equals(link.getString("source"))) {
                        add(minutes.computeIfAbsent(minute, _ -> new LinkedHashMap<>()), link);
                    }
                }
            }
        }
        return minutes.entrySet().stream()
                .map(of -> jaegers(tenant, of.getKey(), of.getValue()))
                .toList();
    }

    // Several rows may be of one minute, and tell of the same services.
    private static void add(Map<Dependency, Figures> links, UdtValue link) {
        var pair =
                new Dependency(
                        Columns.text(link, "parent"),
                        Columns.text(link, "child"),
                        Connection.PLAIN);
        var calls = Figures.ofCalls(link.getLong("call_count"));
        var before = links.putIfAbsent(pair, calls);
        if (before != null) {
            before.add(calls);
        }
    }

    private static DependencyMinute jaegers(
            Tenant tenant, long minute, Map<Dependency, Figures> links) {
        var entries =
                links.entrySet().stream()
                        .map(link ->
                                new DependencyDelta.Entry(minute, link.getKey(), link.getValue()))
                        .toList();
        return new DependencyMinute(tenant, minute, OF_JAEGER, 0, entries);
    }

    private List<Instant> days(long first, long last) {
        Instant from = start(first, DAY);
        Instant to = start(last - 1, DAY);
        if (Duration.between(from, to).toDays() < MAX_DAYS) {
            return Stream.iterate(from, day -> !day.isAfter(to), day -> day.plus(DAY)).toList();
        }
        return requests.rows("dependencies", statements.selectDependencyDays.bind()).stream()
                .map(row -> Columns.instant(row, "ts_bucket"))
                .filter(day -> !day.isBefore(from) && !day.isAfter(to))
                .toList();
    }

    private static Instant start(long minute, Duration window) {
        return Instant.ofEpochMilli(
                Math.floorDiv(minute * MILLIS, window.toMillis()) * window.toMillis());
    }
}
