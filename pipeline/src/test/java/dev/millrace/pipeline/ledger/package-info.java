/// Tests of the ledger, without Kafka.
@NullMarked
package dev.millrace.pipeline.ledger;

import org.jspecify.annotations.NullMarked;
