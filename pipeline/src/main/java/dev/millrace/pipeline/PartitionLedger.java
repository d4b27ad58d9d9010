package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Fate;
import dev.millrace.assembly.LogMinute;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.LedgerEntry;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Provenance;
import dev.millrace.pipeline.ledger.Stage;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.TopicPartition;

/// What the owner of a partition of `spans` has to say to the ledger with its next commit.
///
/// Confined to one thread.
final class PartitionLedger {

    private final TopicPartition partition;
    private final String source;
    private final long missedFrom;
    private final long missedTo;
    private final Postings postings = new Postings();
    private long next;

    /// @param source as [Cell#source()] names the partition's topic
    /// @param from what the owner begins with
    /// @param beginning of what is left of the partition
    PartitionLedger(TopicPartition partition, String source, CommitMetadata from, long beginning) {
        this.partition = partition;
        this.source = source;
        next = from.entry() + 1;
        missedFrom = Math.min(beginning, from.resumption().resumeOffset());
        missedTo = beginning;
    }

    /// The number of the entry that will be committed next.
    long next() {
        return next;
    }

    void post(Tenant tenant, long minute, Account account, int copies) {
        postings.add(cell(tenant, minute), account, copies);
    }

    private Cell cell(Tenant tenant, long minute) {
        return new Cell(tenant, source, partition.partition(), minute);
    }

    /// A part of a kept trace is written.
    ///
    /// @param minutes in which its spans came
    /// @return what its record is to say of them
    Provenance part(ClosedTrace trace, List<LogMinute> minutes) {
        var shares = new ArrayList<Provenance.Share>(minutes.size());
        for (var minute : minutes) {
            shares.add(new Provenance.Share(minute.minute(), minute.spans()));
            if (trace.parts() > 1) {
                settle(trace, minute, Account.KEPT);
            }
        }
        return new Provenance(source, partition.partition(), next, shares);
    }

    /// A part of a kept trace of several is put aside.
    ///
    /// @param minutes in which its spans came
    void partPutAside(ClosedTrace trace, List<LogMinute> minutes) {
        minutes.forEach(minute -> settle(trace, minute, Account.DEAD_LETTERED));
    }

    private void settle(ClosedTrace trace, LogMinute part, Account account) {
        var cell = cell(trace.tenant(), part.minute());
        postings.add(cell, account, part.spans());
        postings.add(cell, Account.BEGUN, -part.spans());
    }

    /// A trace has its verdict, and all of its parts are written.
    ///
    /// @param rule that said so
    void closed(ClosedTrace trace, Fate fate, String rule) {
        for (var minute : trace.minutes()) {
            var cell = cell(trace.tenant(), minute.minute());
            postings.add(cell, Account.DUPLICATE, minute.duplicates());
            fate(trace, fate, rule, minute);
        }
    }

    /// A dropped trace was read back: its spans leave what they were accounted as when it was
    /// dropped, and copies among them stay where they are.
    ///
    /// @param rule that brought it back
    void broughtBack(ClosedTrace trace, Fate fate, String rule) {
        for (var minute : trace.minutes()) {
            var cell = cell(trace.tenant(), minute.minute());
            postings.add(cell, Account.SAMPLED_OUT, rule, -minute.spans());
            fate(trace, fate, rule, minute);
        }
    }

    private void fate(ClosedTrace trace, Fate fate, String rule, LogMinute minute) {
        var cell = cell(trace.tenant(), minute.minute());
        if (fate.refused()) {
            postings.add(cell, Account.DEAD_LETTERED, minute.spans());
        } else if (!fate.kept()) {
            postings.add(cell, Account.SAMPLED_OUT, rule, minute.spans());
        } else {
            // Parts were accounted for one by one.
            postings.add(cell, trace.parts() > 1 ? Account.BEGUN : Account.KEPT, minute.spans());
        }
    }

    /// What to commit with `progress`.
    LedgerEntry entry(CommitMetadata progress) {
        var resumption = progress.resumption();
        return new LedgerEntry(
                new Stage.Aggregator(
                        partition.topic(),
                        partition.partition(),
                        progress.entry(),
                        resumption.position(),
                        resumption.resumeOffset(),
                        progress.decisionsFrom(),
                        missedFrom,
                        missedTo),
                postings.list());
    }

    void committed(CommitMetadata progress) {
        next = progress.entry() + 1;
        postings.clear();
    }
}
