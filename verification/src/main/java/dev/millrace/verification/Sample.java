package dev.millrace.verification;

import java.io.IOException;

/// How far a process had come at a moment, and what it and the broker had taken by then.
///
/// @param nanos of a clock that only counts time that has passed
/// @param done the units of work behind it
record Sample(long nanos, double done, double cpuSeconds, double brokerCpuSeconds) {

    static Sample of(MillraceProcess process, String metric, MillraceProcess broker)
            throws IOException, InterruptedException {
        double done = process.metric(metric);
        return new Sample(
                System.nanoTime(),
                done,
                ProcessUsage.of(process.pid()).cpuSeconds(),
                ProcessUsage.of(broker.pid()).cpuSeconds());
    }

    Sample withDone(double other) {
        return new Sample(nanos, other, cpuSeconds, brokerCpuSeconds);
    }

    double secondsTo(Sample later) {
        return (later.nanos - nanos) / 1e9;
    }

    double doneUntil(Sample later) {
        return later.done - done;
    }

    double perSecondTo(Sample later) {
        return doneUntil(later) / secondsTo(later);
    }

    double cpuPerMillionTo(Sample later) {
        return (later.cpuSeconds - cpuSeconds) / doneUntil(later) * 1e6;
    }

    double brokerCpuPerMillionTo(Sample later) {
        return (later.brokerCpuSeconds - brokerCpuSeconds) / doneUntil(later) * 1e6;
    }
}
