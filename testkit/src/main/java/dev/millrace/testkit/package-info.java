/// What tests of several modules share: a real broker per JVM and a clock that stands still.
///
/// Only for test scope. [KafkaFixture] is the way to Kafka.
@NullMarked
package dev.millrace.testkit;

import org.jspecify.annotations.NullMarked;
