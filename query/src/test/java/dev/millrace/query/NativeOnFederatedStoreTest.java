package dev.millrace.query;

import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.federated.FederatedTraceStore;
import dev.millrace.storage.federated.Member;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;

/// Two stores, each with a part of what there is.
final class NativeOnFederatedStoreTest extends NativeApiContract {

    private final List<LocalTraceStore> members = new ArrayList<>();

    @Override
    TraceStore open(Path directory, List<Fragment> fragments, List<DependencyMinute> minutes) {
        for (var name : List.of("hot", "cold")) {
            var config = LocalStoreConfig.in(directory.resolve(name));
            var member = new LocalTraceStore(config, new SimpleMeterRegistry());
            member.start();
            members.add(member);
        }
        for (int i = 0; i < fragments.size(); i++) {
            members.get(i % 2).write(List.of(fragments.get(i)));
        }
        for (int i = 0; i < minutes.size(); i++) {
            members.get(i % 2).writeDependencies(List.of(minutes.get(i)));
        }
        return new FederatedTraceStore(
                List.of(
                        new Member("hot", members.getFirst()),
                        new Member("cold", members.getLast())),
                Duration.ofSeconds(20),
                false);
    }

    @AfterAll
    void closeMembers() {
        members.forEach(LocalTraceStore::close);
    }
}
