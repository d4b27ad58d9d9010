package dev.millrace.collector;

import dev.millrace.pipeline.DeadLetterWriter;
import dev.millrace.pipeline.DeadLetterWriter.Letter;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.TopicsConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/// Puts dead letters on their topic, with the reason and the place they came from.
public final class KafkaDeadLetterBox implements DeadLetterBox, AutoCloseable {

    private final DeadLetterWriter writer;

    /// @param clients of our own cluster, wherever the messages come from
    public KafkaDeadLetterBox(KafkaClients clients, TopicsConfig topics, MeterRegistry registry) {
        writer = new DeadLetterWriter(clients, topics.fullName(topics.deadLetters()), registry);
    }

    public synchronized void start() {
        writer.start();
    }

    @Override
    public synchronized void put(List<Letter> letters) {
        writer.write(letters);
    }

    /// Idempotent; to be closed after the sources.
    @Override
    public synchronized void close() {
        writer.close();
    }
}
