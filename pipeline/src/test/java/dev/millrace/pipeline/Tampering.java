package dev.millrace.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// Loses or doubles a record of a topic between Kafka and who reads or writes it: the third that
/// comes by with spans in it, or the first that can be lost.
///
/// Kafka makes it itself, from the settings of a client, and the same settings serve all kinds.
public final class Tampering
        implements ConsumerInterceptor<byte[], byte[]>, ProducerInterceptor<byte[], byte[]> {

    private static final String READ = "tampering.read";
    private static final String WRITTEN = "tampering.written";
    private static final String DEED = "tampering.deed";
    private static final String FIRST = "tampering.first";

    /// What is done to the record.
    enum Deed {
        LOSE,
        DOUBLE
    }

    private @Nullable Object read;
    private @Nullable Object written;
    private @Nullable Object deed;
    private boolean first;
    private boolean astray;
    private int seen;

    /// Settings of a client that reads a topic wrongly.
    static Map<String, String> reading(String topic, Deed deed) {
        return Map.of(
                "interceptor.classes", Tampering.class.getName(), READ, topic, DEED, deed.name());
    }

    /// Settings of a client whose third record for a topic goes elsewhere than it thinks.
    static Map<String, String> writing(String topic) {
        return Map.of("interceptor.classes", Tampering.class.getName(), WRITTEN, topic);
    }

    /// Settings of a client whose records for a topic are sent elsewhere until one got there: a
    /// producer that may not wait refuses some before it knows the other topic.
    static Map<String, String> writingFirst(String topic) {
        return Map.of(
                "interceptor.classes", Tampering.class.getName(), WRITTEN, topic, FIRST, "true");
    }

    /// Where it goes.
    static String elsewhere(String topic) {
        return topic + "-elsewhere";
    }

    @Override
    public void configure(Map<String, ?> configs) {
        read = configs.get(READ);
        written = configs.get(WRITTEN);
        deed = configs.get(DEED);
        first = configs.get(FIRST) != null;
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
        var changed = new HashMap<TopicPartition, List<ConsumerRecord<byte[], byte[]>>>();
        for (var partition : records.partitions()) {
            var list = new ArrayList<ConsumerRecord<byte[], byte[]>>();
            for (var record : records.records(partition)) {
                boolean chosen =
                        partition.topic().equals(read) && record.value() != null && isChosen();
                boolean twice = Deed.DOUBLE.name().equals(deed);
                if (!chosen || twice) {
                    list.add(record);
                }
                if (chosen && twice) {
                    list.add(record);
                }
            }
            changed.put(partition, list);
        }
        return new ConsumerRecords<>(changed, records.nextOffsets());
    }

    @Override
    public ProducerRecord<byte[], byte[]> onSend(ProducerRecord<byte[], byte[]> record) {
        if (!record.topic().equals(written) || record.value() == null || !isChosen()) {
            return record;
        }
        return new ProducerRecord<>(
                elsewhere(record.topic()),
                Objects.requireNonNull(record.partition(), "partition"),
                record.key(),
                record.value(),
                record.headers());
    }

    private synchronized boolean isChosen() {
        seen++;
        return first ? !astray : seen == 3;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

    @Override
    public synchronized void onAcknowledgement(
            @Nullable RecordMetadata metadata, @Nullable Exception e) {
        if (written instanceof String topic && metadata != null && e == null) {
            astray |= metadata.topic().equals(elsewhere(topic));
        }
    }

    @Override
    public void close() {}
}
