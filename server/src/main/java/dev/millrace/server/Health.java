package dev.millrace.server;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/// What every part says of itself, and the phase of the process as a whole.
///
/// Ready means: the process serves and no part is down. A part whose store or broker is away makes
/// the process not ready; it does not end it.
final class Health {

    private final Supplier<Phase> phase;
    private final Map<String, Supplier<PartState>> checks = new LinkedHashMap<>();

    Health(Supplier<Phase> phase) {
        this.phase = phase;
    }

    void watch(String part, Supplier<PartState> check) {
        synchronized (checks) {
            checks.put(part, check);
        }
    }

    Phase phase() {
        return phase.get();
    }

    /// Asks every part, in the order in which they were opened.
    Map<String, PartState> parts() {
        Map<String, Supplier<PartState>> asked;
        synchronized (checks) {
            asked = new LinkedHashMap<>(checks);
        }
        var states = new LinkedHashMap<String, PartState>();
        asked.forEach((part, check) -> states.put(part, ask(check)));
        return states;
    }

    boolean isReady(Map<String, PartState> parts) {
        return phase() instanceof Phase.Serving
                && parts.values().stream().allMatch(PartState.Up.class::isInstance);
    }

    /// A check that fails is an answer: the part is down.
    static PartState ask(Supplier<PartState> check) {
        try {
            return check.get();
        } catch (RuntimeException e) {
            return PartState.down("the check failed: " + e);
        }
    }
}
