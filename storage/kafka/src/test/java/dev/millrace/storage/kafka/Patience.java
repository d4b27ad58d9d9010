package dev.millrace.storage.kafka;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/// Waits for what takes a while, whatever the threads of other tests die of meanwhile: some let
/// theirs die, and Awaitility would take that for a failure of whoever waits.
final class Patience {

    private Patience() {}

    static ConditionFactory await() {
        return Awaitility.await().dontCatchUncaughtExceptions();
    }
}
