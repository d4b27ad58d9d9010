package dev.millrace.verification;

import dev.millrace.model.ByteSize;
import java.time.Duration;

/// How long each phase of an overload takes, and how strong it is.
///
/// @param quotaBytesPerSecond what the throttled broker takes of the collector, as it is on the
///   wire
/// @param factor how many times what it takes is offered
/// @param calibration how long it is measured what the throttled broker takes; zero for an estimate
/// @param normal at the overload's rate without a throttle
/// @param overload with it
/// @param recovery after it, at the longest
/// @param sinkBuffer what the collector may hold for Kafka
/// @param requestBuffer what it may hold of requests
record OverloadPlan(
        double quotaBytesPerSecond,
        double factor,
        Duration calibration,
        Duration normal,
        Duration overload,
        Duration recovery,
        ByteSize sinkBuffer,
        ByteSize requestBuffer) {}
