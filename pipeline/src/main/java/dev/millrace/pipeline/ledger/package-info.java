/// What became of every span: the entries that each stage commits together with its effect, and the
/// balance over all of them. Pure: no Kafka, no clock.
@NullMarked
package dev.millrace.pipeline.ledger;

import org.jspecify.annotations.NullMarked;
