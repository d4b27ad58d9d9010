package dev.millrace.storage.kafka;

import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testkit.KafkaFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StreamsInstancesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int PARTITIONS = 4;
    private static final int TRACES = 80;
    private static final Peer ONE = new Peer("127.0.0.1", 4_001);
    private static final Peer TWO = new Peer("127.0.0.1", 4_002);

    private final KafkaFixture kafka = KafkaFixture.shared();
    private final String topic = KafkaFixture.uniqueName("traces-complete");
    private final String application = KafkaFixture.uniqueName("millrace-store");

    @TempDir private Path directory;

    @Test
    void aLostInstanceLosesNothingAndItsStandbyAnswersAtOnce() {
        // Given
        kafka.createTopic(topic, PARTITIONS);
        StreamsRunTest.sendInTransactions(kafka, topic, TRACES);
        var one = started(ONE);
        StreamsRunTest.awaitAll(one, TRACES);
        try (var two = started(TWO)) {
            // When
            await().atMost(PATIENCE).until(() -> areShared(two) && areShared(one));
            StreamsRunTest.awaitAll(two, TRACES);
            StreamsRunTest.awaitNoneBehind(two);

            // Then
            assertThat(held(one, true)).hasSize(2).doesNotContainAnyElementsOf(held(two, true));
            assertThat(held(two, false)).isEqualTo(held(one, true));

            // When it goes without a word, as one that was killed.
            one.close();

            // Then
            assertThat(StreamsRunTest.found(two, TRACES)).isEqualTo(TRACES);
            await().atMost(PATIENCE).until(() -> held(two, true).size() == PARTITIONS);
            assertThat(StreamsRunTest.found(two, TRACES)).isEqualTo(TRACES);
            assertThat(two.owners(0).active()).contains(TWO);
        } finally {
            one.close();
        }
    }

    private static boolean areShared(StreamsRun run) {
        return run.count() == PARTITIONS
                && IntStream.range(0, PARTITIONS)
                        .mapToObj(run::owners)
                        .allMatch(owners ->
                                owners.standbys().size() == 1
                                        && owners.active()
                                                .filter(List.of(ONE, TWO)::contains)
                                                .isPresent())
                && held(run, true).size() == PARTITIONS / 2;
    }

    private static Set<Integer> held(StreamsRun run, boolean active) {
        return IntStream.range(0, PARTITIONS)
                .filter(partition ->
                        run.here(partition).filter(held -> held.active() == active).isPresent())
                .boxed()
                .collect(Collectors.toSet());
    }

    private StreamsRun started(Peer here) {
        String name = "instance-" + here.port();
        var config = Stores.config(application, topic, name, here.port(), directory.resolve(name));
        var run =
                StreamsRun.ofTraces(
                        config,
                        StreamsRunTest.clients(kafka),
                        new SimpleMeterRegistry(),
                        InstantSource.fixed(Records.NOW));
        run.start();
        return run;
    }
}
