package dev.millrace.pipeline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/// A site of a simulation: what its collectors write comes to the log of the center over a link
/// that can be cut, each partition at its own pace, with the times of the site.
final class SimulatedSite implements SimulatedTraffic.Source {

    private static final SinkConfig.Markers MARKERS =
            new SinkConfig.Markers(Duration.ofMillis(100), Duration.ofMillis(1_000));

    private final SimulatedLog log;
    private final int first;
    private final List<Queue<ProducerRecord<byte[], byte[]>>> waiting = new ArrayList<>();
    private final SilenceMarkers markers;
    private boolean cut;

    /// @param first the number of its first partition in the log
    SimulatedSite(SimulatedLog log, int first) {
        this.log = log;
        this.first = first;
        this.markers = new SilenceMarkers(MARKERS, SimulatedLog.PARTITIONS, nanos());
        for (int i = 0; i < SimulatedLog.PARTITIONS; i++) {
            waiting.add(new ArrayDeque<>());
        }
    }

    private long nanos() {
        return log.time * 1_000_000;
    }

    @Override
    public void append(
            int partition, long appendedAt, byte[] key, byte @Nullable [] value, Headers headers) {
        waiting.get(partition).add(written(partition, appendedAt, key, value, headers));
        markers.spansWritten(partition, nanos());
    }

    /// Its collector looks whether a partition needs a marker.
    void look() {
        for (int partition : markers.take(nanos())) {
            var headers = SimulatedLog.noHeaders();
            headers.add(RecordHeaders.MARKER, new byte[0]);
            waiting.get(partition).add(written(partition, log.time, new byte[0], null, headers));
            markers.markerWritten(partition, nanos());
        }
    }

    private static ProducerRecord<byte[], byte[]> written(
            int partition, long appendedAt, byte[] key, byte @Nullable [] value, Headers headers) {
        return new ProducerRecord<>("spans", partition, appendedAt, key, value, headers);
    }

    void cut(boolean now) {
        cut = now;
    }

    boolean isCut() {
        return cut;
    }

    /// Carries over up to `most` records of each partition.
    void mirror(Random random, int most) {
        for (int i = 0; i < waiting.size() && !cut; i++) {
            var queue = waiting.get(i);
            for (int left = random.nextInt(most); left > 0 && !queue.isEmpty(); left--) {
                var record = queue.remove();
                log.append(
                        first + i,
                        record.timestamp(),
                        record.key(),
                        record.value(),
                        record.headers());
            }
        }
    }

    boolean isMirrored() {
        return waiting.stream().allMatch(Queue::isEmpty);
    }
}
