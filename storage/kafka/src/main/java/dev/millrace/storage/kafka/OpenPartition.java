package dev.millrace.storage.kafka;

import dev.millrace.model.ByteSize;
import java.time.Instant;

/// What is open here of one partition, for those who ask it and those who look after it.
///
/// Safe for threads.
interface OpenPartition {

    /// To read from; it is written and closed by those who follow the log.
    ///
    /// @throws dev.millrace.storage.api.StoreException when it cannot be opened or is closed
    Contents contents();

    /// The offset after the last record that is found by those who ask; -1 when nothing of the log
    /// is here.
    long next();

    /// Makes all that was applied visible.
    void write();

    /// Makes what has waited for long durable and visible.
    void writeOverdue();

    /// Gives up what is past its retention, and the oldest windows of more than it may have.
    ///
    /// @param maxSize 0 for no bound
    void expire(Instant horizon, ByteSize maxSize);
}
