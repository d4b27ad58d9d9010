/// The store on Kafka: topologies on their own, and runs against a real broker, shared by all tests
/// of a run.
@NullMarked
package dev.millrace.storage.kafka;

import org.jspecify.annotations.NullMarked;
