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

    private final String topic;
    private final int partitions;
    private final Keying keying;
    private final Encoding encoding;
    private final AtomicInteger turn = new AtomicInteger();

    /// Of records of the default tenant.
    private final List<Header> headers;

    SpanRecords(String topic, int partitions, Keying keying, Encoding encoding) {
        this.topic = topic;
        this.partitions = partitions;
        this.keying = keying;
        this.encoding = encoding;
        this.headers = headers(keying, encoding);
    }

    private static List<Header> headers(Keying keying, Encoding encoding) {
        var headers = new ArrayList<Header>(2);
        if (keying != Keying.TRACE_ID) {
            headers.add(new RecordHeader(RecordHeaders.KEYING, RecordHeaders.value(keying.word())));
        }
        if (encoding != Encoding.OTLP_PROTO) {
            headers.add(
                    new RecordHeader(RecordHeaders.ENCODING, RecordHeaders.value(encoding.word())));
        }
        return List.copyOf(headers);
    }

    /// @param pieces none larger than a record may be
    List<ProducerRecord<byte[], byte[]>> of(Tenant tenant, List<TraceChunk> pieces) {
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

    private List<ProducerRecord<byte[], byte[]>> byTrace(
            List<TraceChunk> chunks, List<Header> all) {
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>(chunks.size());
        for (int i = 0; i < chunks.size(); i++) {
            TraceChunk chunk = chunks.get(i);
            byte[] key = TraceKey.of(chunk.traceId());
            int partition = TraceKey.partition(key, partitions);
            for (byte[] value : encoding.values(chunk.body())) {
                records.add(new ProducerRecord<>(topic, partition, null, key, value, all));
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

    private List<ProducerRecord<byte[], byte[]>> roundRobin(
            List<TraceChunk> chunks, List<Header> all) {
        var records = new ArrayList<ProducerRecord<byte[], byte[]>>(1);
        for (byte[] value : values(chunks)) {
            int partition = Math.floorMod(turn.getAndIncrement(), partitions);
            records.add(new ProducerRecord<>(topic, partition, null, null, value, all));
        }
        return records;
    }

    /// As few values as hold all of the chunks: `TracesData` one after another are one again.
    private static List<byte[]> values(List<TraceChunk> chunks) {
        if (chunks.size() == 1) {
            return List.of(chunks.getFirst().body().toByteArray());
        }
        var values = new ArrayList<byte[]>(1);
        int from = 0;
        int bytes = 0;
        for (int i = 0; i < chunks.size(); i++) {
            int more = chunks.get(i).body().length();
            if (bytes + more > KafkaClients.MAX_RECORD_BYTES) {
                values.add(joined(chunks.subList(from, i), bytes));
                from = i;
                bytes = 0;
            }
            bytes += more;
        }
        if (from < chunks.size()) {
            values.add(joined(chunks.subList(from, chunks.size()), bytes));
        }
        return values;
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
