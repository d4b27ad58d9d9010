package dev.millrace.verification;

import java.time.Duration;

/// What comes besides the usual traffic.
sealed interface Surge {

    /// One trace.
    ///
    /// @param spans how many it has
    record Giant(int spans) implements Surge {}

    /// Much more traffic of the usual kind.
    ///
    /// @param factor how many times the usual rate, the usual traffic included
    record Burst(int factor, Duration duration) implements Surge {}
}
