package dev.millrace.storage.kafka;

import dev.millrace.pipeline.Keying;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.StoreContract;
import dev.millrace.storage.kafka.Deployment.Instance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Three processes share the partitions, each with copies of some of the others', and any of them
/// answers for all.
final class ThreeProcessesContractTest extends DeployedContract implements StoreContract {

    private static final List<Instance> PROCESSES = new ArrayList<>();

    private static Deployment deployment;
    private static int restarts;

    @BeforeAll
    static void deploy(@TempDir Path directory) {
        deployment = new Deployment(directory, Keying.TRACE_ID);
        for (int i = 0; i < 3; i++) {
            PROCESSES.add(deployment.start("process-" + i, "process-" + i));
        }
        deployment.awaitShared();
    }

    @AfterAll
    static void end() {
        deployment.close();
        PROCESSES.clear();
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
        return PROCESSES;
    }

    /// Another one of the processes each time.
    @Override
    public TraceStore reopenedStore() {
        deployment.awaitRead();
        int which = restarts++ % PROCESSES.size();
        PROCESSES.get(which).close();
        PROCESSES.set(which, deployment.start("process-" + which, "process-" + which));
        deployment.awaitShared();
        return store();
    }

    @Override
    public int randomSearches() {
        return 5;
    }
}
