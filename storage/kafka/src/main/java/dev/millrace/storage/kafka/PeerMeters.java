package dev.millrace.storage.kafka;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/// Counts what becomes of questions to other instances, and what answers lack.
///
/// Metrics: `millrace.store.kafka.asked` by `question` and `outcome`, `millrace.store.kafka.hedges`
/// by `question`, `millrace.store.kafka.standby.answers` by `question`,
/// `millrace.store.kafka.partitions.missing` by `question`.
final class PeerMeters {

    private static final String QUESTION = "question";

    /// What became of a question to another instance.
    enum Outcome {
        /// It answered for all of its partitions, or for those that nobody had answered for yet.
        ANSWERED,
        /// It did not have all of them.
        LACKING,
        /// It refused, as any other would.
        REFUSED,
        /// It could not be reached, or failed.
        FAILED,
        /// Others were faster, or the time was over.
        ABANDONED
    }

    private final Meter.MeterProvider<Counter> asked;
    private final Meter.MeterProvider<Counter> hedges;
    private final Meter.MeterProvider<Counter> standbyAnswers;
    private final Meter.MeterProvider<Counter> missing;

    PeerMeters(MeterRegistry registry) {
        asked =
                Counter.builder("millrace.store.kafka.asked")
                        .description("Questions put to other instances")
                        .withRegistry(registry);
        hedges =
                Counter.builder("millrace.store.kafka.hedges")
                        .description("Times a standby was asked because somebody was silent")
                        .withRegistry(registry);
        standbyAnswers =
                Counter.builder("millrace.store.kafka.standby.answers")
                        .description("Partitions that a standby answered for")
                        .withRegistry(registry);
        missing =
                Counter.builder("millrace.store.kafka.partitions.missing")
                        .description("Partitions that nobody answered for")
                        .withRegistry(registry);
    }

    void asked(Question<?> question, Outcome outcome) {
        asked.withTags(
                        QUESTION,
                        question.name(),
                        "outcome",
                        outcome.name().toLowerCase(Locale.ROOT))
                .increment();
    }

    void hedged(Question<?> question, int times) {
        hedges.withTag(QUESTION, question.name()).increment(times);
    }

    void answeredByStandbys(Question<?> question, int partitions) {
        standbyAnswers.withTag(QUESTION, question.name()).increment(partitions);
    }

    void missing(Question<?> question, int partitions) {
        missing.withTag(QUESTION, question.name()).increment(partitions);
    }
}
