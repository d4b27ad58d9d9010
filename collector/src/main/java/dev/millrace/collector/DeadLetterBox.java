package dev.millrace.collector;

import dev.millrace.pipeline.DeadLetterWriter.Letter;
import dev.millrace.pipeline.LogGate;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where a source puts messages that no further try would make readable.
///
/// Safe for any number of threads.
@FunctionalInterface
public interface DeadLetterBox {

    /// Returns once the letters are as safe as the mode promises; only then does a source forget
    /// the messages.
    ///
    /// @throws RuntimeException when they are not, within a bounded time; to be tried again
    void put(List<Letter> letters);

    /// For modes without Kafka: counts them and says in the log where they came from.
    static DeadLetterBox logging(MeterRegistry registry) {
        return new Logging(registry);
    }

    /// Keeps no bodies.
    final class Logging implements DeadLetterBox {

        private static final Logger log = LoggerFactory.getLogger(DeadLetterBox.class);

        private final MeterRegistry registry;
        private final LogGate gate;

        private Logging(MeterRegistry registry) {
            this.registry = registry;
            gate = new LogGate(registry.config().clock());
        }

        @Override
        public void put(List<Letter> letters) {
            for (Letter letter : letters) {
                Counter.builder("millrace.dead.letters")
                        .description("Records put aside because they could not be understood")
                        .tag("reason", letter.reason())
                        .register(registry)
                        .increment();
                if (gate.open()) {
                    log.atWarn()
                            .addKeyValue("topic", letter.record().topic())
                            .addKeyValue("error", letter.detail())
                            .log("Message could not be understood and is dropped");
                }
            }
        }
    }
}
