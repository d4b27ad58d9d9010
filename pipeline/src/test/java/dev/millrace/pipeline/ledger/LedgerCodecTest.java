package dev.millrace.pipeline.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import java.util.List;
import org.junit.jupiter.api.Test;

class LedgerCodecTest {

    private static final Cell CELL = new Cell(new Tenant("red"), 0, 29_384_711);

    @Test
    void givesBackTheEntryOfEachStage() {
        var postings =
                List.of(
                        new Posting(CELL, Account.SAMPLED_OUT, "upgrade", -7),
                        new Posting(
                                new Cell(Tenant.DEFAULT, Cell.NO_PARTITION, 1),
                                Account.HEAD,
                                "",
                                1L << 40));
        List<Stage> stages =
                List.of(
                        new Stage.Collector(-1),
                        new Stage.Aggregator("spans", 99, 17, 1_000, 900, 12, 3, 5),
                        new Stage.Ingester("traces-complete", 19, 4));

        for (var stage : stages) {
            var entry = new LedgerEntry(stage, postings);
            assertThat(LedgerCodec.decode(Slice.of(LedgerCodec.encode(entry)))).isEqualTo(entry);
        }
    }

    @Test
    void refusesAnEntryOfNobody() {
        assertThatThrownBy(() -> LedgerCodec.decode(Slice.EMPTY))
                .hasMessage("ledger entry: no stage (expected: one)");
    }

    @Test
    void givesBackAProvenance() {
        var provenance =
                new Provenance(
                        3,
                        17,
                        List.of(
                                new Provenance.Share(29_384_711, 12),
                                new Provenance.Share(29_384_712, 3)));

        assertThat(provenance.text()).isEqualTo("partition=3 entry=17 29384711:12 29384712:3");
        assertThat(Provenance.parse(provenance.text())).isEqualTo(provenance);
    }

    @Test
    void namesTheTopicOfASite() {
        // Given
        var cell = new Cell(Tenant.DEFAULT, "edge.spans", 3, 29_384_711);
        var entry =
                new LedgerEntry(
                        new Stage.Aggregator("edge.spans", 3, 17, 1_000, 900, 12, 0, 0),
                        List.of(new Posting(cell, Account.KEPT, "", 2)));
        var provenance =
                new Provenance("edge.spans", 3, 17, List.of(new Provenance.Share(29_384_711, 2)));

        // Then
        assertThat(LedgerCodec.decode(Slice.of(LedgerCodec.encode(entry)))).isEqualTo(entry);
        assertThat(provenance.text()).isEqualTo("topic=edge.spans partition=3 entry=17 29384711:2");
        assertThat(Provenance.parse(provenance.text())).isEqualTo(provenance);
    }

    @Test
    void refusesWhatIsNoProvenance() {
        assertThatThrownBy(() -> Provenance.parse("partition=3 12:1"))
                .hasMessage(
                        "provenance: \"partition=3 12:1\" (expected: partition=… entry=…"
                                + " minute:spans …)");
    }
}
