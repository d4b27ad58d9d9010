package dev.millrace.storage.cassandra;

import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.StoreContract;
import java.util.EnumSet;
import java.util.Set;

/// With the extra indexes, over TLS.
final class ExtraIndexContractTest extends CassandraContract implements StoreContract {

    ExtraIndexContractTest() {
        super(TestCluster.Login.overTls().config("extra"));
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.EXPIRY));
    }
}
