package dev.millrace.storage.cached;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/// Counts how questions of one kind were answered.
final class CacheMeters {

    /// How a question was answered.
    enum Outcome {
        /// From what is kept, without asking the store.
        HIT,
        /// From what is kept, after the store said that nothing has been added.
        CHECKED,
        /// From the store, since what is kept may be too old.
        STALE,
        /// From the store, since nothing is kept.
        MISSED,
        /// With the answer that somebody else was waiting for already.
        JOINED,
        /// From the store, since there was no learning in time whether something is kept.
        UNREACHABLE
    }

    private final Map<Outcome, Counter> questions = new EnumMap<>(Outcome.class);
    private final Counter tooLarge;
    private final Timer load;

    CacheMeters(String kind, MeterRegistry registry) {
        for (var outcome : Outcome.values()) {
            questions.put(
                    outcome,
                    registry.counter(
                            "millrace.cache.questions",
                            "kind",
                            kind,
                            "outcome",
                            outcome.name().toLowerCase(Locale.ROOT)));
        }
        tooLarge = registry.counter("millrace.cache.puts", "outcome", "too-large");
        load = registry.timer("millrace.cache.load", "kind", kind);
    }

    void answered(Outcome outcome) {
        var counter = questions.get(outcome);
        if (counter != null) {
            counter.increment();
        }
    }

    void tooLarge() {
        tooLarge.increment();
    }

    /// Measures what the store takes.
    <T> T loaded(Supplier<T> answer) {
        var sample = Timer.start();
        try {
            return answer.get();
        } finally {
            sample.stop(load);
        }
    }
}
