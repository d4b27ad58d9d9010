package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Digest;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogMinute;
import dev.millrace.assembly.Resumption;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.Posting;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PartitionLedgerTest {

    private final CommitMetadata from = new CommitMetadata(Resumption.fresh(0), 0, 0, 0);
    private final PartitionLedger ledger =
            new PartitionLedger(new TopicPartition("spans", 3), Cell.OURS, from, 0);

    @Test
    void aPartPutAsideIsDeadLetteredAndTheOthersAreKept() {
        // Given
        var first = List.of(new LogMinute(7, 20, 1));
        var second = List.of(new LogMinute(7, 5, 0), new LogMinute(8, 15, 0));
        var trace = trace(2, List.of(new LogMinute(7, 25, 1), new LogMinute(8, 15, 0)));

        // When
        ledger.part(trace, first);
        ledger.partPutAside(trace, second);
        ledger.closed(trace, Fate.KEPT, "rest");

        // Then
        assertThat(copies(7))
                .containsOnly(
                        entry(Account.KEPT, 20L),
                        entry(Account.DEAD_LETTERED, 5L),
                        entry(Account.DUPLICATE, 1L),
                        entry(Account.BEGUN, 0L));
        assertThat(copies(8))
                .containsOnly(entry(Account.DEAD_LETTERED, 15L), entry(Account.BEGUN, 0L));
    }

    private Map<Account, Long> copies(long minute) {
        return ledger.entry(from).postings().stream()
                .filter(posting -> posting.cell().minute() == minute)
                .collect(
                        Collectors.groupingBy(
                                Posting::account, Collectors.summingLong(Posting::copies)));
    }

    private static ClosedTrace trace(int parts, List<LogMinute> minutes) {
        var digest = new Digest("web", "get", true, 0, 1, 40, 0, 1, 4_000, List.of("web"));
        return new ClosedTrace(
                Tenant.DEFAULT, new TraceId(1, 2), 0, 0, 9, 0, 0, parts, digest, minutes);
    }
}
