/// The embedded broker: Apache Kafka itself, one node in this process, its log on disk.
///
/// Start with [EmbeddedBroker]. Clients talk to it over a socket like to any other broker; nothing
/// else in Millrace may depend on Kafka's server classes, which promise no stability.
@NullMarked
package dev.millrace.broker;

import org.jspecify.annotations.NullMarked;
