package dev.millrace.pipeline;

import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.TraceChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/// Makes records of `spans` out of the chunks of requests, as the keying has it.
///
/// Chunks may be smaller than the keying allows, by trace for example: what goes to one partition
/// is put into one record all the same. Safe for any number of threads.
final class SpanRecords {

    /// A record and how many spans are in it.
    record Filled(ProducerRecord<byte[], byte[]> record, int spans) {}

    private final String topic;
    private final int partitions;
    private final Keying keying;
    private final Encoding encoding;
    private final SpansDialect dialect;
    private final AtomicInteger turn = new AtomicInteger();

    /// Of records of the default tenant.
    private final List<Header> headers;

    SpanRecords(
            String topic, int partitions, Keying keying, Encoding encoding, SpansDialect dialect) {
        dialect.check(keying);
        this.topic = topic;
        this.partitions = partitions;
        this.keying = keying;
        this.encoding = encoding;
        this.dialect = dialect;
        this.headers = headers(keying, encoding, dialect);
    }

    private static List<Header> headers(Keying keying, Encoding encoding, SpansDialect dialect) {
        var headers = new ArrayList<Header>(2);
        if (keying != Keying.TRACE_ID) {
            headers.add(new RecordHeader(RecordHeaders.KEYING, RecordHeaders.value(keying.word())));
        }
        // What says nothing may be taken for what others have written.
        if (encoding != Encoding.OTLP_PROTO || dialect.unnamed() != null) {
            headers.add(
                    new RecordHeader(RecordHeaders.ENCODING, RecordHeaders.value(encoding.word())));
        }
        return List.copyOf(headers);
    }

    /// @param pieces none larger than a record may be
    List<Filled> of(Tenant tenant, List<TraceChunk> pieces) {
        List<Header> all = headers(tenant);
        return switch (keying) {
            case TRACE_ID -> byTrace(pieces, all);
            case PACKED ->
                    throw new IllegalStateException("packed: of one request (expected: of many)");
            case ROUND_ROBIN -> roundRobin(pieces, all);
        };
    }

    private List<Header> headers(Tenant tenant) {
        if (tenant.equals(Tenant.DEFAULT)) {
            return headers;
        }
        var all = new ArrayList<Header>(headers);
        all.add(new RecordHeader(RecordHeaders.TENANT, RecordHeaders.value(tenant.name())));
        return all;
    }

    private List<Filled> byTrace(List<TraceChunk> chunks, List<Header> all) {
        var records = new ArrayList<Filled>(chunks.size());
        for (int i = 0; i < chunks.size(); i++) {
            TraceChunk chunk = chunks.get(i);
            byte[] key = dialect.key(chunk.traceId(), encoding.isZipkins());
            int partition = dialect.partition(chunk.traceId(), partitions);
            List<byte[]> values = encoding.values(chunk.body());
            // Encodings hold all spans of a trace, or one.
            int spans = values.size() == 1 ? chunk.spans() : 1;
            for (byte[] value : values) {
                records.add(
                        new Filled(
                                new ProducerRecord<>(topic, partition, null, key, value, all),
                                spans));
            }
        }
        return records;
    }

    /// The record of what requests had for one partition.
    ///
    /// @param bytes the length of all the pieces together, no more than a record may have
    ProducerRecord<byte[], byte[]> packed(
            Tenant tenant, int partition, List<TraceChunk> pieces, int bytes) {
        return new ProducerRecord<>(
                topic,
                partition,
                null,
                RecordHeaders.value(partition),
                joined(pieces, bytes),
                headers(tenant));
    }

    /// As few records as hold all of the chunks: `TracesData` one after another are one again.
    private List<Filled> roundRobin(List<TraceChunk> chunks, List<Header> all) {
        var records = new ArrayList<Filled>(1);
        int from = 0;
        int bytes = 0;
        for (int i = 0; i < chunks.size(); i++) {
            int more = chunks.get(i).body().length();
            if (bytes + more > KafkaClients.MAX_RECORD_BYTES) {
                records.add(inTurn(chunks.subList(from, i), bytes, all));
                from = i;
                bytes = 0;
            }
            bytes += more;
        }
        if (from < chunks.size()) {
            records.add(inTurn(chunks.subList(from, chunks.size()), bytes, all));
        }
        return records;
    }

    private Filled inTurn(List<TraceChunk> chunks, int bytes, List<Header> all) {
        int partition = Math.floorMod(turn.getAndIncrement(), partitions);
        int spans = 0;
        for (int i = 0; i < chunks.size(); i++) {
            spans += chunks.get(i).spans();
        }
        return new Filled(
                new ProducerRecord<>(topic, partition, null, null, joined(chunks, bytes), all),
                spans);
    }

    private static byte[] joined(List<TraceChunk> chunks, int bytes) {
        var value = new byte[bytes];
        int at = 0;
        for (TraceChunk chunk : chunks) {
            var body = chunk.body();
            System.arraycopy(body.array(), body.offset(), value, at, body.length());
            at += body.length();
        }
        return value;
    }

    /// The chunks, those divided that are larger than a record may be.
    ///
    /// @throws SinkException of kind `TOO_LARGE` when one span alone is larger than a record
    List<TraceChunk> withinRecordSize(List<TraceChunk> chunks) {
        int most = encoding.maxBodyBytes();
        for (int i = 0; i < chunks.size(); i++) {
            if (chunks.get(i).body().length() > most) {
                var pieces = new ArrayList<TraceChunk>(chunks.size() + 1);
                for (TraceChunk chunk : chunks) {
                    pieces.addAll(ChunkPieces.of(chunk, most));
                }
                return pieces;
            }
        }
        return chunks;
    }
}
