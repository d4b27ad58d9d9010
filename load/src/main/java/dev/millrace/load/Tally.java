package dev.millrace.load;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/// The figures of a run, counted by any thread and read by one.
final class Tally {

    private static final int DIGITS = 3;

    private final LongAdder sent = new LongAdder();
    private final LongAdder acknowledged = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder refusals = new LongAdder();
    private final LongAdder unhinted = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final Recorder latencies = new Recorder(DIGITS);
    private final Histogram total = new Histogram(DIGITS);
    private Histogram second = latencies.getIntervalHistogram();
    private long lastNanos;
    private long lastAcknowledged;

    void sending(int spans) {
        sent.add(spans);
    }

    void retried() {
        retries.increment();
    }

    /// Counts an answer that said no, for now or for good.
    ///
    /// @param hinted whether it said when to come back
    void refused(boolean hinted) {
        refusals.increment();
        if (!hinted) {
            unhinted.increment();
        }
    }

    void answered(long acknowledgedSpans, long rejectedSpans, int bodyBytes, long latencyNanos) {
        acknowledged.add(acknowledgedSpans);
        rejected.add(rejectedSpans);
        if (acknowledgedSpans > 0) {
            bytes.add(bodyBytes);
        }
        latencies.recordValue(Math.max(0, TimeUnit.NANOSECONDS.toMicros(latencyNanos)));
    }

    void failed(int spans) {
        failed.add(spans);
    }

    /// The figures so far; rate and latencies are those since the last call.
    synchronized LoadProgress progress(long elapsedNanos) {
        takeSecond();
        long now = acknowledged.sum();
        double rate = (now - lastAcknowledged) * 1e9 / Math.max(1, elapsedNanos - lastNanos);
        lastAcknowledged = now;
        lastNanos = elapsedNanos;
        return new LoadProgress(
                Duration.ofNanos(elapsedNanos),
                sent.sum(),
                now,
                rejected.sum(),
                failed.sum(),
                retries.sum(),
                refusals.sum(),
                unhinted.sum(),
                rate,
                percentile(second, 50),
                percentile(second, 99));
    }

    /// The figures of the whole run; what has no answer by now has failed.
    synchronized LoadReport report(long elapsedNanos) {
        takeSecond();
        return new LoadReport(
                sent.sum(),
                acknowledged.sum(),
                rejected.sum(),
                sent.sum() - acknowledged.sum() - rejected.sum(),
                retries.sum(),
                refusals.sum(),
                unhinted.sum(),
                bytes.sum(),
                Duration.ofNanos(elapsedNanos),
                percentile(total, 50),
                percentile(total, 99),
                Duration.of(total.getMaxValue(), ChronoUnit.MICROS));
    }

    private void takeSecond() {
        second = latencies.getIntervalHistogram(second);
        total.add(second);
    }

    private static Duration percentile(Histogram histogram, double percent) {
        return Duration.of(histogram.getValueAtPercentile(percent), ChronoUnit.MICROS);
    }
}
