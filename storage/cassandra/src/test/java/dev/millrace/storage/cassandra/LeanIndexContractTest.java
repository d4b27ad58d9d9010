package dev.millrace.storage.cassandra;

import dev.millrace.storage.contract.AttributeSearchContract;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.ConditionSearchContract;
import dev.millrace.storage.contract.ExpiryContract;
import dev.millrace.storage.contract.NamesContract;
import dev.millrace.storage.contract.PagingContract;
import dev.millrace.storage.contract.RandomSearchContract;
import dev.millrace.storage.contract.TimeSearchContract;
import dev.millrace.storage.contract.WritingContract;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/// Without the extra indexes: what is written and searched differently.
final class LeanIndexContractTest extends CassandraContract
        implements WritingContract,
                ConditionSearchContract,
                AttributeSearchContract,
                TimeSearchContract,
                PagingContract,
                RandomSearchContract,
                NamesContract,
                ExpiryContract {

    LeanIndexContractTest() {
        super(TestCluster.config("lean", false, Duration.ofSeconds(20)));
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(
                EnumSet.of(Capability.SEARCH_ACROSS_SERVICES, Capability.EXPIRY));
    }
}
