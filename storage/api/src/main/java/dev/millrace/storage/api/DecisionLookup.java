package dev.millrace.storage.api;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Tells what was decided about a trace, as long as that is on record.
///
/// May block, for a bounded time, and may be called by any number of threads at once.
@FunctionalInterface
public interface DecisionLookup {

    /// @param from decisions written earlier do not matter
    /// @param to decisions written later do not matter
    /// @throws StoreException when the record cannot be read
    Found find(Tenant tenant, TraceId traceId, Instant from, Instant to);

    /// Whether decisions are on record at all. Where they are not, every question is refused.
    default boolean isOnRecord() {
        return true;
    }

    /// What is on record.
    ///
    /// @param decisions in the order in which they were made, which is that of the log
    /// @param read how many decisions, about any trace, were looked at
    /// @param gap why there may be others; empty when there are none
    record Found(List<TraceDecision> decisions, long read, Optional<String> gap) {

        public Found {
            decisions = List.copyOf(decisions);
        }
    }

    /// Refuses every question, where nothing is on record.
    ///
    /// @param why in words for whoever asks
    static DecisionLookup none(String why) {
        return new DecisionLookup() {
            @Override
            public Found find(Tenant tenant, TraceId traceId, Instant from, Instant to) {
                throw new StoreException(StoreException.Kind.NOT_SUPPORTED, why);
            }

            @Override
            public boolean isOnRecord() {
                return false;
            }
        };
    }
}
