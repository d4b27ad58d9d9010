package dev.millrace.storage.cassandra;

import dev.millrace.storage.contract.Capability;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/// Without the extra indexes.
final class LeanIndexContractTest extends CassandraContract {

    LeanIndexContractTest() {
        super(TestCluster.config("lean", false, Duration.ofSeconds(20)));
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(
                EnumSet.of(Capability.SEARCH_ACROSS_SERVICES, Capability.EXPIRY));
    }
}
