package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.FaultyStore;
import dev.millrace.storage.kafka.Instances.Instance;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a question does while its partition is on the way from one instance to another.
final class HandoverTest {

    private static final int PARTITIONS = 2;

    private final Instances instances = new Instances(PARTITIONS);
    private Instance one;
    private Instance two;

    @BeforeEach
    void open(@TempDir Path directory) {
        instances.handover = Duration.ofMinutes(1);
        one = instances.add(Instances.config());
        two = instances.add(Instances.config());
        instances.open(directory);
        instances.spread();
        instances.write(
                List.of(fragment(0, span(in(0), 1, TIME)), fragment(1, span(in(1), 1, TIME))));
    }

    @AfterEach
    void close() {
        instances.close();
        instances.closeLogs();
    }

    private TraceId in(int partition) {
        return LongStream.iterate(1, i -> i + 1)
                .mapToObj(i -> trace(i))
                .filter(id -> instances.of(id) == partition)
                .findFirst()
                .orElseThrow();
    }

    /// What the second instance has of its partition, gone as soon as somebody asks for it.
    private CountDownLatch loses() {
        var asked = new CountDownLatch(1);
        two.put(
                1,
                new FaultyStore(
                        instances.log(1),
                        () -> {
                            two.held.remove(1);
                            asked.countDown();
                            throw new StoreException(
                                    StoreException.Kind.UNAVAILABLE, Share.NOT_HERE);
                        }),
                true,
                0);
        return asked;
    }

    @Test
    void aQuestionWaitsUntilThePartitionHasArrived() throws Exception {
        // Given
        var asked = loses();

        // When
        var answer = CompletableFuture.supplyAsync(() -> one.store().trace(Tenant.DEFAULT, in(1)));
        asked.await();
        instances.give(1, one);

        // Then
        assertThat(answer.get()).isPresent();
    }

    @Test
    void aSearchGetsWhatIsThereOnceAndTheRestWhenItHasArrived() throws Exception {
        // Given
        var asked = loses();
        TraceStore store = one.store();

        // When
        var services = CompletableFuture.supplyAsync(() -> store.services(Tenant.DEFAULT));
        asked.await();
        two.put(1, instances.log(1), true, 0);

        // Then
        assertThat(services.get()).containsExactly("shop");
        assertThat(one.counted("millrace.store.kafka.partitions.missing")).isZero();
    }

    @Test
    void aQuestionForOneThatHasLeftIsPutToWhoHasItsPartitionThen() throws Exception {
        // Given: it is known to have left a moment after it was asked in vain.
        instances.owners(1, Instances.nobody(), List.of());

        // When
        var answer = CompletableFuture.supplyAsync(() -> one.store().trace(Tenant.DEFAULT, in(1)));
        await().until(() -> one.counted("millrace.store.kafka.asked", "outcome", "failed") > 0);
        instances.give(1, one);

        // Then
        assertThat(answer.get()).isPresent();
    }

    @Test
    void nobodyWaitsForAnInstanceThatIsDead() {
        // Given
        instances.owners(1, Instances.nobody(), List.of());
        long began = System.nanoTime();

        // When, Then
        assertThatThrownBy(() -> one.store().trace(Tenant.DEFAULT, in(1)))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("cannot be reached");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(instances.handover);
    }
}
