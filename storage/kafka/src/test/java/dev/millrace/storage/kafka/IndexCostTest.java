package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Records.at;
import static dev.millrace.storage.kafka.Records.span;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.millrace.model.Tenant;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription.Processor;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What keeping a record costs, counted and not timed.
final class IndexCostTest {

    private static final String TOPIC = "spans";
    private static final int ROUNDS = 20;
    private static final int RECORDS = 100;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final OpenPartitions open = new OpenPartitions();
    private final Path directory;
    private final IndexRules rules;

    IndexCostTest(@TempDir Path directory) {
        this.directory = directory;
        rules = Stores.rules(Stores.config(TOPIC, directory), open, registry);
    }

    /// What this thread takes of the heap, the least noisy sign of what it reads and writes.
    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void aSpanCostsNoMoreToKeepHoweverManyItsTraceHasAlready() {
        // Given: a trace whose spans come one by one.
        var bytes = new long[ROUNDS];
        var index = new RecordIndex(directory.resolve("index"), -1, rules);
        try {
            // When
            long offset = 0;
            for (int round = 0; round < ROUNDS; round++) {
                long before = allocated();
                for (int i = 0; i < RECORDS; i++) {
                    index.apply(at(TOPIC, offset, span(trace(1), offset + 1)));
                    offset++;
                }
                index.write();
                bytes[round] = allocated() - before;
            }

            // Then: each record is there as it came.
            assertThat(index.store().version(Tenant.DEFAULT, trace(1)).parts())
                    .isEqualTo(ROUNDS * RECORDS);
            assertThat(registry.get("millrace.store.spans").counter().count())
                    .isEqualTo(ROUNDS * RECORDS);
            assertThat(middle(bytes, 15, 20))
                    .as("bytes of each %s records: %s", RECORDS, Arrays.toString(bytes))
                    .isLessThan(2 * middle(bytes, 2, 7));
        } finally {
            index.close();
        }
    }

    private static long middle(long[] of, int from, int to) {
        var some = Arrays.copyOfRange(of, from, to);
        Arrays.sort(some);
        return some[some.length / 2];
    }

    @Test
    void nothingIsWrittenToKafkaForWhatIsKept() {
        // Given
        var settings = new Properties();
        settings.put("application.id", "store");
        settings.put("state.dir", directory.resolve("state").toString());
        var topology = TraceTopology.of(TOPIC, rules);
        try (var driver = new TopologyTestDriver(topology, settings, Records.NOW)) {
            var topic =
                    driver.createInputTopic(
                            TOPIC, new ByteArraySerializer(), new ByteArraySerializer());

            // When
            for (int i = 1; i <= 20; i++) {
                topic.pipeInput(
                        new TestRecord<>(Records.key(trace(1)), Records.value(span(trace(1), i))));
            }

            // Then
            assertThat(open.find(0).orElseThrow().next()).isEqualTo(20);
            assertThat(driver.producedTopicNames()).isEmpty();
        }
    }

    @Test
    void eachStoreReadsOneTopicOnceIntoOneStateAndWritesNone() {
        var figures =
                DependencyTopology.of(
                        DependencyStateConfig.of(
                                "dependencies", DependencyFormat.MILLRACE, Duration.ofDays(1)),
                        open,
                        new DependencyStateMeters(registry));

        isOneStateOver("spans", TraceTopology.of(TOPIC, rules));
        isOneStateOver("dependencies", figures);
    }

    private static void isOneStateOver(String topic, Topology topology) {
        var stores = new HashSet<String>();
        var parts = topology.describe();
        assertThat(parts.globalStores()).isEmpty();
        assertThat(parts.subtopologies()).hasSize(1);
        for (var node : parts.subtopologies().iterator().next().nodes()) {
            switch (node) {
                case Source source -> assertThat(source.topicSet()).isEqualTo(Set.of(topic));
                case Processor processor -> stores.addAll(processor.stores());
                case Sink sink -> throw new AssertionError(sink.toString());
                default -> throw new AssertionError(node.toString());
            }
        }
        assertThat(stores).hasSize(1);
    }

    @Test
    void noNativeStoreIsOnBoard() {
        assertThatThrownBy(() -> Class.forName("org.rocksdb.RocksDB"))
                .isInstanceOf(ClassNotFoundException.class);
    }
}
