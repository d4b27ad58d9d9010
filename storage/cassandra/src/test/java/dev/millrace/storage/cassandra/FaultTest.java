package dev.millrace.storage.cassandra;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.datastax.oss.driver.api.core.DriverException;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.testkit.CassandraServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/// The server dies or hangs: nothing that was acknowledged is lost, nothing blocks, and what is
/// written again is there once.
@Isolated
final class FaultTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(3);

    /// Connecting again takes a while on a busy machine.
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final CassandraServer server = CassandraServer.shared();
    private final CassandraTraceStore store =
            TestCluster.started(TestCluster.config(TestCluster.KEYSPACE, true, TIMEOUT));

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void keepsWhatItAcknowledgedWhenTheServerIsKilled() {
        // Given
        var before = fragments("killed", 1, 20);
        var after = fragments("killed", 21, 40);
        writeInTheEnd(before);

        // When
        server.kill();
        assertFailsInTime(after);
        server.start();

        // Then
        assertHeldOnce("killed", 1, 20);

        // When
        writeInTheEnd(after);
        writeInTheEnd(before);

        // Then
        assertHeldOnce("killed", 1, 40);
    }

    @Test
    void failsInTimeWhileTheServerHangsAndGoesOnAfterwards() {
        // Given
        var before = fragments("hung", 101, 105);
        var during = fragments("hung", 106, 140);
        writeInTheEnd(before);

        // When
        server.freeze();
        try {
            assertFailsInTime(during);
            assertThatThrownBy(() -> store.trace(Tenant.DEFAULT, trace(101)))
                    .isInstanceOf(StoreException.class);
        } finally {
            server.thaw();
        }
        writeInTheEnd(during);

        // Then
        assertHeldOnce("hung", 101, 140);
    }

    @Test
    void startsWhileTheServerHangsAndConnectsWhenItAnswers() {
        // Given
        var config = TestCluster.config(TestCluster.KEYSPACE, true, TIMEOUT);
        try (var late = new CassandraTraceStore(config, new SimpleMeterRegistry())) {

            // When
            server.freeze();
            try {
                late.start();

                // Then
                assertThat(late.away()).isPresent();
                assertThatThrownBy(() -> late.services(Tenant.DEFAULT))
                        .isInstanceOfSatisfying(
                                StoreException.class,
                                e ->
                                        assertThat(e.kind())
                                                .isEqualTo(StoreException.Kind.UNAVAILABLE));
            } finally {
                server.thaw();
            }
            await().atMost(PATIENCE).until(() -> late.away().isEmpty());
            assertThat(late.trace(Tenant.DEFAULT, trace(0))).isEmpty();
        }
    }

    private void assertFailsInTime(List<Fragment> fragments) {
        long began = System.nanoTime();
        assertThatThrownBy(() -> store.write(fragments))
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e ->
                                assertThat(e.kind())
                                        .isIn(
                                                StoreException.Kind.UNAVAILABLE,
                                                StoreException.Kind.OVER_CAPACITY));
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(TIMEOUT.multipliedBy(4));
    }

    private void writeInTheEnd(List<Fragment> fragments) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .ignoreExceptionsInstanceOf(StoreException.class)
                .until(() -> {
                    store.write(fragments);
                    return true;
                });
    }

    // The sessions connect again by themselves, when they next try to.
    private void assertHeldOnce(String service, int first, int last) {
        await().atMost(PATIENCE)
                .ignoreExceptionsMatching(
                        e -> e instanceof StoreException || e instanceof DriverException)
                .untilAsserted(() -> {
                    for (int number = first; number <= last; number++) {
                        var rows =
                                TestCluster.query(
                                        "SELECT * FROM "
                                                + TestCluster.KEYSPACE
                                                + ".traces WHERE trace_id = 0x"
                                                + trace(number));
                        assertThat(rows).as("trace %s", number).hasSize(1);
                        assertThat(Columns.list(rows.getFirst(), "tags"))
                                .as("tags of trace %s", number)
                                .hasSize(2);
                    }
                    var search = TraceSearch.builder().service(service).limit(100).build();
                    assertThat(store.search(Tenant.DEFAULT, search).traces())
                            .hasSize(last - first + 1);
                });
    }

    private static TraceId trace(long number) {
        return new TraceId(0xfa17L, number);
    }

    private static List<Fragment> fragments(String service, long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(number ->
                        fragment(
                                number,
                                span(trace(number), 1, TIME + number * SECOND)
                                        .attributes(attributes("color", "red"), 0)
                                        .resource(resource(service))))
                .toList();
    }
}
