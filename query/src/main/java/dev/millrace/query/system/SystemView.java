package dev.millrace.query.system;

import dev.millrace.storage.api.StoreException;
import java.time.Duration;

/// Shows the system as a whole to those who run it.
///
/// May block, for a bounded time, and may be called by any number of threads at once. What cannot
/// be found out is said to be unknown, never taken for nothing.
public interface SystemView {

    /// The longest stretch of time that [#audit] takes.
    Duration LONGEST_AUDIT = Duration.ofHours(1);

    /// The roles, their topics, how far each has come, and what they count.
    PipelinePicture pipeline();

    /// Which traces are kept just now, and what comes of it.
    ///
    /// @throws StoreException when that cannot be read, or nothing is on record
    SamplingPicture sampling();

    /// Holds what every stage says it did with the spans of the last while against what the logs
    /// have.
    ///
    /// @throws StoreException when that cannot be done, takes too long, or another one is at work
    AuditPicture audit(Duration window);

    /// Refuses every question, where there is nothing to see.
    ///
    /// @param why in words for whoever asks
    static SystemView none(String why) {
        return new SystemView() {
            @Override
            public PipelinePicture pipeline() {
                throw refusal();
            }

            @Override
            public SamplingPicture sampling() {
                throw refusal();
            }

            @Override
            public AuditPicture audit(Duration window) {
                throw refusal();
            }

            private StoreException refusal() {
                return new StoreException(StoreException.Kind.NOT_SUPPORTED, why);
            }
        };
    }
}
