package dev.millrace.storage.kafka;

import dev.millrace.pipeline.Keying;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.StoreContract;
import dev.millrace.storage.kafka.Deployment.Instance;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/// One process has all of the partitions, and records hold many traces each.
@Tag("long")
final class OneProcessContractTest extends DeployedContract implements StoreContract {

    private static Deployment deployment;
    private static Instance process;

    @BeforeAll
    static void deploy(@TempDir Path directory) {
        deployment = new Deployment(directory, Keying.PACKED);
        process = deployment.start("one", "one");
        deployment.awaitShared();
    }

    @AfterAll
    static void end() {
        deployment.close();
    }

    @BeforeEach
    void empty() {
        expireAll();
    }

    @Override
    Deployment deployment() {
        return deployment;
    }

    @Override
    List<Instance> asked() {
        return List.of(process);
    }

    @Override
    public TraceStore reopenedStore() {
        deployment.awaitRead();
        process.close();
        process = deployment.start("one", "one");
        deployment.awaitShared();
        return store();
    }

    @Override
    public int randomSearches() {
        return 5;
    }
}
