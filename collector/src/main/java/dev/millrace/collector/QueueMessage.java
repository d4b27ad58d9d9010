package dev.millrace.collector;

import dev.millrace.model.Slice;
import org.jspecify.annotations.Nullable;

/// A message of a queue, until it is acknowledged.
///
/// @param body null when the message is of a kind that carries no bytes
/// @param id what the broker or the sender calls it
/// @param receipt what the connection needs to acknowledge it
record QueueMessage(@Nullable Slice body, String id, Object receipt) {}
