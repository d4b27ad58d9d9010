package dev.millrace.storage.kafka;

import static dev.millrace.storage.kafka.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.Keying;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.ConditionSearchContract;
import dev.millrace.storage.contract.DependenciesContract;
import dev.millrace.storage.contract.NamesContract;
import dev.millrace.storage.contract.PagingContract;
import dev.millrace.storage.contract.TraceContract;
import dev.millrace.storage.kafka.Deployment.Instance;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/// Two processes answer as ever while a third one joins them and leaves again, over and over, each
/// time with nothing on its disk.
final class RebalanceContractTest extends DeployedContract
        implements TraceContract,
                ConditionSearchContract,
                PagingContract,
                NamesContract,
                DependenciesContract {

    private static final AtomicBoolean OVER = new AtomicBoolean();
    private static final AtomicInteger REBALANCES = new AtomicInteger();

    private static Deployment deployment;
    private static List<Instance> staying = List.of();
    private static CompletableFuture<Void> third = CompletableFuture.completedFuture(null);

    @BeforeAll
    static void deploy(@TempDir Path directory) {
        deployment = new Deployment(directory, Keying.TRACE_ID);
        staying = List.of(deployment.start("one", "one"), deployment.start("two", "two"));
        deployment.awaitShared();
        third = CompletableFuture.runAsync(RebalanceContractTest::comeAndGo);
    }

    private static void comeAndGo() {
        for (int turn = 0; !OVER.get(); turn++) {
            try (var joining = deployment.start(null, "third-" + turn)) {
                deployment.awaitShare(joining);
                REBALANCES.incrementAndGet();
            }
            REBALANCES.incrementAndGet();
        }
    }

    @AfterAll
    static void end() {
        OVER.set(true);
        third.join();
        deployment.close();
        assertThat(REBALANCES).hasValueGreaterThan(2);
    }

    @Override
    Deployment deployment() {
        return deployment;
    }

    @Override
    List<Instance> asked() {
        return staying;
    }

    /// After the partitions have been dealt out anew.
    @Override
    public TraceStore reopenedStore() {
        int before = REBALANCES.get();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> third.isDone() || REBALANCES.get() > before);
        return store();
    }
}
