/// What tests of several modules share: a real broker per JVM, a clock that stands still, and
/// certificates.
///
/// Only for test scope. [KafkaFixture] is the way to Kafka.
@NullMarked
package dev.millrace.testkit;

import org.jspecify.annotations.NullMarked;
