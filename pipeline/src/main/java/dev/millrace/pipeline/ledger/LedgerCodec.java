package dev.millrace.pipeline.ledger;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.ArrayList;
import java.util.Arrays;

/// Writes and reads entries as the protobuf message `millrace.LedgerEntry` in `ledger.proto`.
public final class LedgerCodec {

    private static final int COLLECTOR = 1;
    private static final int AGGREGATOR = 2;
    private static final int INGESTER = 3;
    private static final int POSTING = 4;

    private static final int STAGE_FIELDS = 8;

    private LedgerCodec() {}

    public static byte[] encode(LedgerEntry entry) {
        var writer = new ProtoWriter(64 + 32 * entry.postings().size());
        switch (entry.stage()) {
            case Stage.Collector(long id) -> {
                int stage = writer.open(COLLECTOR);
                writer.fixed64(1, id);
                writer.close(stage);
            }
            case Stage.Aggregator aggregator -> {
                int stage = writer.open(AGGREGATOR);
                writer.text(1, aggregator.topic())
                        .number(2, aggregator.partition())
                        .number(3, aggregator.number())
                        .number(4, aggregator.position())
                        .number(5, aggregator.resumeOffset())
                        .number(6, aggregator.decisionsFrom())
                        .number(7, aggregator.missedFrom())
                        .number(8, aggregator.missedTo());
                writer.close(stage);
            }
            case Stage.Ingester(String topic, int partition, long position) -> {
                int stage = writer.open(INGESTER);
                writer.text(1, topic).number(2, partition).number(3, position);
                writer.close(stage);
            }
        }
        for (var posting : entry.postings()) {
            int opened = writer.open(POSTING);
            writer.text(1, posting.cell().tenant().name())
                    .number(2, posting.cell().partition() + 1L)
                    .number(3, posting.cell().minute())
                    .number(4, posting.account().number())
                    .text(5, posting.reason())
                    .number(6, posting.copies())
                    .text(7, posting.cell().source());
            writer.close(opened);
        }
        return writer.finish().toByteArray();
    }

    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the value is no message
    /// @throws IllegalArgumentException when it is none of an entry
    public static LedgerEntry decode(Slice value) {
        Stage stage = null;
        var postings = new ArrayList<Posting>();
        var reader = ProtoReader.of(value);
        while (reader.next() != 0) {
            if (reader.wireType() != ProtoReader.LENGTH_DELIMITED) {
                reader.skip();
                continue;
            }
            int field = reader.field();
            var fields = Fields.of(reader.slice());
            switch (field) {
                case COLLECTOR -> stage = new Stage.Collector(fields.numbers[1]);
                case AGGREGATOR ->
                        stage =
                                new Stage.Aggregator(
                                        fields.texts[1],
                                        (int) fields.numbers[2],
                                        fields.numbers[3],
                                        fields.numbers[4],
                                        fields.numbers[5],
                                        fields.numbers[6],
                                        fields.numbers[7],
                                        fields.numbers[8]);
                case INGESTER ->
                        stage =
                                new Stage.Ingester(
                                        fields.texts[1],
                                        (int) fields.numbers[2],
                                        fields.numbers[3]);
                case POSTING -> postings.add(fields.posting());
                default -> {
                    // A later Millrace may say more.
                }
            }
        }
        if (stage == null) {
            throw new IllegalArgumentException("ledger entry: no stage (expected: one)");
        }
        return new LedgerEntry(stage, postings);
    }

    /// The fields of a message within an entry.
    private static final class Fields {

        private final long[] numbers = new long[STAGE_FIELDS + 1];
        private final String[] texts = new String[STAGE_FIELDS + 1];

        static Fields of(Slice message) {
            var fields = new Fields();
            Arrays.fill(fields.texts, "");
            var reader = ProtoReader.of(message);
            while (reader.next() != 0) {
                int field = reader.field();
                if (field > STAGE_FIELDS) {
                    reader.skip();
                    continue;
                }
                switch (reader.wireType()) {
                    case ProtoReader.VARINT -> fields.numbers[field] = reader.varint();
                    case ProtoReader.FIXED64 -> fields.numbers[field] = reader.fixed64();
                    case ProtoReader.LENGTH_DELIMITED ->
                            fields.texts[field] = reader.slice().toText();
                    default -> reader.skip();
                }
            }
            return fields;
        }

        Posting posting() {
            return new Posting(
                    new Cell(new Tenant(texts[1]), texts[7], (int) numbers[2] - 1, numbers[3]),
                    Account.of(numbers[4]),
                    texts[5],
                    numbers[6]);
        }
    }
}
