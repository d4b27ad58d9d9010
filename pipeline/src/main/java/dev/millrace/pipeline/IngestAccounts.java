package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.Account;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.Postings;
import dev.millrace.pipeline.ledger.Provenance;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// Where the spans of a record that is stored are accounted.
final class IngestAccounts {

    private final TopicsConfig topics;

    /// @param topics tell which are those of sites
    IngestAccounts(TopicsConfig topics) {
        this.topics = topics;
    }

    /// @param spans how many the record, or one trace's share of it, holds
    void post(ConsumerRecord<byte[], byte[]> record, int spans, Account account, Postings into) {
        var tenant = LogCopies.tenant(record);
        var provenance = provenance(record);
        if (provenance == null) {
            long minute = Math.floorDiv(record.timestamp(), 60_000);
            var source = topics.ledgerSource(record.topic());
            into.add(new Cell(tenant, source, record.partition(), minute), account, spans);
            return;
        }
        for (var share : provenance.shares()) {
            into.add(
                    new Cell(tenant, provenance.source(), provenance.partition(), share.minute()),
                    account,
                    share.spans());
        }
    }

    /// Null on a record of `spans`, and where somebody else wrote it.
    static @Nullable Provenance provenance(ConsumerRecord<byte[], byte[]> record) {
        String text = RecordHeaders.text(record.headers(), RecordHeaders.PROVENANCE);
        try {
            return text == null ? null : Provenance.parse(text);
        } catch (IllegalArgumentException _) {
            return null;
        }
    }
}
