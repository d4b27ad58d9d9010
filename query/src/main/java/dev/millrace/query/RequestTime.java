package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import java.time.Duration;
import java.util.function.Supplier;

/// How long the request at work on this thread still has.
final class RequestTime {

    private static final ScopedValue<RequestTime> CURRENT = ScopedValue.newInstance();

    private final Duration timeout;
    private final long begin = System.nanoTime();

    private RequestTime(Duration timeout) {
        this.timeout = timeout;
    }

    /// Does work whose time begins now.
    static <T> T within(Duration timeout, Supplier<T> work) {
        return ScopedValue.where(CURRENT, new RequestTime(timeout)).call(work::get);
    }

    /// Ends the work of a request whose time is over. What it throws reaches nobody: the request
    /// was answered when its time ran out.
    static void check() {
        if (CURRENT.isBound() && CURRENT.get().isOver()) {
            throw new QueryException(
                    HttpStatus.GATEWAY_TIMEOUT,
                    "no answer from the store within " + CURRENT.get().timeout);
        }
    }

    private boolean isOver() {
        return System.nanoTime() - begin > timeout.toNanos();
    }
}
