package dev.millrace.collector;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A connection to a message broker that reads one queue. For one thread, but for [#close()].
interface QueueConnection extends AutoCloseable {

    /// The next message; null when none comes in time.
    ///
    /// @throws IOException when the connection is of no use any more
    @Nullable QueueMessage next(Duration wait) throws IOException, InterruptedException;

    /// Lets the broker forget a message. Messages may be acknowledged in any order.
    void acknowledge(QueueMessage message) throws IOException;

    /// Bounded. What is not acknowledged goes back to the queue.
    @Override
    void close();

    /// Makes connections.
    interface Opener {

        QueueConnection open() throws IOException, InterruptedException;
    }
}
