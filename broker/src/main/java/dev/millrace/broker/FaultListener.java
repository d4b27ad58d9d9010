package dev.millrace.broker;

import org.jspecify.annotations.Nullable;

/// Hears of a fault after which an embedded broker cannot be trusted any more.
///
/// Called on one of the broker's threads, perhaps more than once; must return at once and must not
/// close the broker on that thread.
@FunctionalInterface
public interface FaultListener {

    void onFault(String message, @Nullable Throwable cause);
}
