package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.millrace.model.Slice;
import dev.millrace.storage.api.Fragment;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/// Puts records that could not be understood aside, as they are, with the reason and their place.
///
/// Safe for any number of threads once it is started.
public final class DeadLetterWriter implements AutoCloseable {

    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// A record, or one trace's share of it, and what is wrong with it.
    ///
    /// @param value what is put aside
    /// @param headers what has to be said of it otherwise than of the record
    /// @param reason one of few, for a metric
    /// @param detail what was found and what was expected
    public record Letter(
            ConsumerRecord<byte[], byte[]> record,
            @Nullable Slice value,
            Map<String, String> headers,
            String reason,
            String detail) {

        public static Letter of(
                ConsumerRecord<byte[], byte[]> record, String reason, String detail) {
            byte[] value = record.value();
            return new Letter(
                    record, value == null ? null : Slice.of(value), Map.of(), reason, detail);
        }

        /// @param translated whether the fragment is written otherwise than the record
        static Letter of(
                ConsumerRecord<byte[], byte[]> record,
                Fragment fragment,
                boolean translated,
                String reason,
                String detail) {
            var headers = new HashMap<String, String>();
            headers.put(RecordHeaders.SOURCE_PART, Integer.toString(fragment.id().part()));
            if (translated) {
                // Nothing follows from the key of a record that others wrote.
                headers.put(RecordHeaders.ENCODING, Encoding.OTLP_PROTO.word());
                headers.put(RecordHeaders.KEYING, Keying.ROUND_ROBIN.word());
            }
            return new Letter(record, fragment.body(), headers, reason, detail);
        }
    }

    private final KafkaClients clients;
    private final String topic;
    private final MeterRegistry registry;
    private volatile @Nullable KafkaProducer<byte[], byte[]> producer;

    public DeadLetterWriter(KafkaClients clients, String topic, MeterRegistry registry) {
        this.clients = clients;
        this.topic = topic;
        this.registry = registry;
    }

    public void start() {
        producer =
                clients.producer(
                        "dead-letters",
                        Map.of(
                                "max.block.ms",
                                10_000,
                                "delivery.timeout.ms",
                                Math.toIntExact(DELIVERY_TIMEOUT.toMillis())));
    }

    /// Returns once Kafka has acknowledged all of them.
    ///
    /// @throws KafkaException when it has not within a bounded time; any of them may be there then
    public void write(List<Letter> letters) {
        var sender = producer;
        if (sender == null) {
            throw new IllegalStateException("dead letters: not started (expected: started)");
        }
        var sent = new ArrayList<Future<RecordMetadata>>();
        letters.forEach(letter -> sent.add(sender.send(copy(letter, letter.value()))));
        for (int i = 0; i < sent.size(); i++) {
            Letter letter = letters.get(i);
            try {
                await(sent.get(i));
            } catch (RecordTooLargeException _) {
                // Its batch was compressed well where it came from. The place says where to look.
                await(sender.send(copy(letter, null)));
            }
            Counter.builder("millrace.dead.letters")
                    .description("Records put aside because they could not be understood")
                    .tag("reason", letter.reason())
                    .register(registry)
                    .increment();
        }
    }

    private ProducerRecord<byte[], byte[]> copy(Letter letter, @Nullable Slice value) {
        var record = letter.record();
        var message =
                DeadLetters.message(
                        topic,
                        null,
                        new TopicPartition(record.topic(), record.partition()),
                        record.offset(),
                        record.key(),
                        value == null ? null : value.toByteArray(),
                        record.headers(),
                        letter.detail());
        message.headers().add(RecordHeaders.SOURCE_TIME, RecordHeaders.value(record.timestamp()));
        letter.headers()
                .forEach((name, says) ->
                        message.headers().remove(name).add(name, RecordHeaders.value(says)));
        return message;
    }

    private static void await(Future<RecordMetadata> sent) {
        try {
            sent.get(2 * DELIVERY_TIMEOUT.toMillis(), MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known
                    ? known
                    : new KafkaException("dead letter not acknowledged", e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("dead letter not acknowledged", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("dead letter interrupted", e);
        }
    }

    @Override
    public void close() {
        var open = producer;
        if (open != null) {
            open.close(CLOSE_TIMEOUT);
        }
    }
}
