package dev.millrace.pipeline.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.pipeline.ledger.Books.Progress;
import java.util.List;
import org.junit.jupiter.api.Test;

class BooksTest {

    private static final long WRITER = 42;
    private static final Cell CELL = new Cell(Tenant.DEFAULT, 3, 100);

    private final Books books = new Books(true, 0);

    @Test
    void closesWhenEveryCopyHasOneFate() {
        // Given
        collector(10);
        books.inLog(CELL, WRITER, Progress.TAKEN, 7);
        books.inLog(CELL, WRITER, Progress.OPEN, 2);
        books.inLog(CELL, WRITER, Progress.UNREAD, 1);
        aggregator(0, 0, Account.KEPT, 4);
        aggregator(0, 0, Account.SAMPLED_OUT, 2);
        aggregator(0, 0, Account.DUPLICATE, 1);
        books.complete(CELL, true, true, 3);
        books.complete(CELL, true, false, 1);
        ingester(Account.STORED, 3);

        // When
        var report = books.close();

        // Then
        assertThat(report.closes()).as(report.text()).isTrue();
        var balance = report.balances().getFirst();
        assertThat(balance.acknowledged()).isEqualTo(10);
        assertThat(balance.pending()).isEqualTo(4);
        assertThat(balance.stored()).isEqualTo(3);
    }

    @Test
    void seesALossBehindOtherWritersSurplus() {
        // Given: one writer lost five, and another died before it could tell of five.
        collector(5);
        books.inLog(CELL, WRITER + 1, Progress.TAKEN, 5);
        aggregator(0, 0, Account.SAMPLED_OUT, 5);

        // When
        var report = books.close();

        // Then
        assertThat(report.faults())
                .containsExactly(new Fault(Hop.COLLECTOR_TO_SPANS, Fault.Kind.LOST, CELL, 5));
        assertThat(report.balances().getFirst().difference()).isEqualTo(5);
    }

    @Test
    void leavesOutWhatTheIngesterDidAfterTheAggregatorsNewestEntry() {
        // Given
        collector(2);
        books.inLog(CELL, WRITER, Progress.TAKEN, 1);
        books.inLog(CELL, WRITER, Progress.UNREAD, 1);
        aggregator(0, 0, Account.KEPT, 1);
        books.complete(CELL, true, true, 1);
        books.complete(CELL, false, true, 1);
        ingester(Account.STORED, 2);

        // When
        var report = books.close();

        // Then
        assertThat(report.closes()).as(report.text()).isTrue();
        assertThat(report.balances().getFirst().stored()).isEqualTo(1);
    }

    @Test
    void callsExpiredWhatRetentionTookBeforeItWasRead() {
        // Given
        collector(10);
        books.logBegins(Cell.OURS, 3, 101);
        books.completeBegins(Cell.OURS, 3, 101);
        aggregator(50, 60, Account.KEPT, 6);
        ingester(Account.STORED, 6);

        // When
        var report = books.close();

        // Then
        assertThat(report.closes()).as(report.text()).isTrue();
        assertThat(report.balances().getFirst().expired()).isEqualTo(4);
    }

    @Test
    void callsLostWhatIsMissingWithoutRetentionBeingTheReason() {
        // Given
        collector(10);
        books.logBegins(Cell.OURS, 3, 101);
        books.completeBegins(Cell.OURS, 3, 101);
        aggregator(60, 60, Account.SAMPLED_OUT, 6);

        // When
        var report = books.close();

        // Then
        assertThat(report.faults())
                .containsExactly(new Fault(Hop.SPANS_TO_AGGREGATOR, Fault.Kind.LOST, CELL, 4));
    }

    @Test
    void takesATraceThatWasBroughtBackForKept() {
        // Given
        collector(4);
        books.inLog(CELL, WRITER, Progress.TAKEN, 4);
        aggregator(0, 0, Account.SAMPLED_OUT, 4);
        books.post(
                new LedgerEntry(
                        stage(0, 0),
                        List.of(
                                new Posting(CELL, Account.KEPT, "", 4),
                                new Posting(CELL, Account.SAMPLED_OUT, "upgrade", -4))));
        books.complete(CELL, true, true, 4);
        ingester(Account.STORED, 4);

        // When
        var report = books.close();

        // Then
        assertThat(report.closes()).as(report.text()).isTrue();
        assertThat(report.balances().getFirst().sampledOut())
                .containsEntry("upgrade", -4L)
                .containsEntry("", 4L);
    }

    @Test
    void looksAtNothingBeforeTheFirstMinute() {
        // Given
        var later = new Books(true, 101);
        later.inLog(CELL, WRITER, Progress.TAKEN, 4);
        later.complete(CELL, true, true, 4);

        // When, then
        assertThat(later.close().balances()).isEmpty();
    }

    @Test
    void comparesTheLogWithTheStoreWhereSpansAreStoredAsTheyCome() {
        // Given
        var direct = new Books(false, 0);
        direct.inLog(CELL, Books.NO_WRITER, Progress.TAKEN, 4);
        direct.post(
                new LedgerEntry(
                        new Stage.Ingester("spans", 3, 4),
                        List.of(new Posting(CELL, Account.STORED, "", 3))));

        // When, then
        assertThat(direct.close().faults())
                .containsExactly(new Fault(Hop.SPANS_TO_STORE, Fault.Kind.LOST, CELL, 1));
    }

    private void collector(long copies) {
        books.post(
                new LedgerEntry(
                        new Stage.Collector(WRITER),
                        List.of(new Posting(CELL, Account.ACKNOWLEDGED, "", copies))));
    }

    private void aggregator(long missedFrom, long missedTo, Account account, long copies) {
        books.post(
                new LedgerEntry(
                        stage(missedFrom, missedTo),
                        List.of(new Posting(CELL, account, "", copies))));
    }

    private static Stage stage(long missedFrom, long missedTo) {
        return new Stage.Aggregator("spans", 3, 1, 100, 90, 0, missedFrom, missedTo);
    }

    private void ingester(Account account, long copies) {
        books.post(
                new LedgerEntry(
                        new Stage.Ingester("traces-complete", 1, 9),
                        List.of(new Posting(CELL, account, "", copies))));
    }
}
