package dev.millrace.verification;

import dev.millrace.verification.ZipkinTraffic.Shape;
import java.io.IOException;
import java.nio.file.Path;

/// What the store that is Kafka itself costs, how soon it is there again without its disk, and how
/// fast one process and three answer, beside what was measured of zipkin-storage-kafka.
final class KafkaStoreBench {

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;

    /// @param directory an empty one
    KafkaStoreBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
    }

    void run() throws IOException, InterruptedException {
        for (var shape : Shape.values()) {
            new KafkaStoreCost(directory, options, figures, shape).run();
        }
        new KafkaStoreAnswers(directory.resolve("answers"), options, figures).run();
    }
}
