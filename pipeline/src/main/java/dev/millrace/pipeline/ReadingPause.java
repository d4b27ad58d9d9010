package dev.millrace.pipeline;

import java.util.Collection;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/// Whether a consumer, which still has to be polled for the group to hear from it, brings no
/// records. For the consumer's thread.
public final class ReadingPause {

    private final Consumer<?, ?> consumer;
    private boolean paused;

    public ReadingPause(Consumer<?, ?> consumer) {
        this.consumer = consumer;
    }

    public void set(boolean pause) {
        if (pause && !paused) {
            consumer.pause(consumer.assignment());
        } else if (!pause && paused) {
            consumer.resume(consumer.paused());
        }
        paused = pause;
    }

    /// New partitions would bring records.
    public void assigned(Collection<TopicPartition> partitions) {
        if (paused) {
            consumer.pause(partitions);
        }
    }
}
