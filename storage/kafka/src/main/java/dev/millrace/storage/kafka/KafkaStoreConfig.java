package dev.millrace.storage.kafka;

import dev.millrace.model.ByteSize;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.storage.local.LocalStoreConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a store on Kafka is made of, for how long, and how its instances share the work.
///
/// @param application names the store: the same for all its instances, and for nobody else. It is
///   their consumer group, and a directory below that of the instance
/// @param buffer what may wait in memory to be written, of all partitions here together
/// @param patience how long a start waits for its topic
public record KafkaStoreConfig(
        String application,
        Source source,
        Instance instance,
        Keeping keeping,
        Sharing sharing,
        ByteSize buffer,
        Duration patience) {

    public static final ByteSize DEFAULT_BUFFER = ByteSize.ofMebibytes(64);
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(60);

    private static final int LONGEST_NAME = 200;

    /// The topic that the store is made of.
    ///
    /// @param topic its full name
    /// @param encoding of records that do not name theirs; null when those are ours
    public record Source(String topic, @Nullable SourceEncoding encoding) {

        public Source {
            if (topic.isBlank()) {
                throw new IllegalArgumentException("topic: \"" + topic + "\" (expected: a topic)");
            }
        }
    }

    /// This instance of the store.
    ///
    /// @param here where the others reach it
    /// @param name what Kafka knows it by over its restarts, so that one moves no partition; null
    ///   for an instance that will not be back
    /// @param directory where its state is; one process at a time may use it
    public record Instance(Peer here, @Nullable String name, Path directory) {

        public Instance {
            if (name != null) {
                checkName("instance", name);
            }
        }
    }

    /// What is kept, and for how long.
    ///
    /// @param window the length of time one index covers and the grain of expiry; fixed for a
    ///   directory once it is in use
    /// @param retention how long traces are kept; no longer than their topic keeps its records,
    ///   from which they are built again where a disk is lost
    /// @param maxSize the size on disk above which the oldest windows go early, of all partitions
    ///   here together; 0 for no bound
    public record Keeping(Duration window, Duration retention, ByteSize maxSize) {

        public Keeping {
            var _ = new LocalStoreConfig(Path.of(""), window, retention, maxSize);
        }

        /// What lies wholly before this is past its retention.
        Instant horizon(Instant now) {
            return now.minus(retention);
        }
    }

    /// How instances share the partitions.
    ///
    /// @param threads that follow the log; each has some of the partitions
    /// @param standbys how many copies of a partition other instances keep up to date
    /// @param acceptableLag how many records an instance may be behind to be given a partition at
    ///   once; where none is that near, the former owner keeps it until one is. Until it has them,
    ///   only copies answer, so this is no more than is built within a second or two
    public record Sharing(int threads, int standbys, long acceptableLag) {

        public static final Sharing DEFAULT = new Sharing(1, 1, 100);

        public Sharing {
            if (threads < 1 || threads > 256) {
                throw new IllegalArgumentException("threads: " + threads + " (expected: 1 to 256)");
            }
            if (standbys < 0 || standbys > 10) {
                throw new IllegalArgumentException(
                        "standbys: " + standbys + " (expected: 0 to 10)");
            }
            if (acceptableLag < 0) {
                throw new IllegalArgumentException(
                        "acceptable-lag: " + acceptableLag + " (expected: at least 0)");
            }
        }
    }

    public KafkaStoreConfig {
        checkName("application", application);
        if (buffer.bytes() < 1 << 20 || buffer.bytes() > 1L << 36) {
            throw new IllegalArgumentException("buffer: " + buffer + " (expected: 1MiB to 64GiB)");
        }
        if (patience.toMillis() < 1 || patience.toHours() > 24) {
            throw new IllegalArgumentException(
                    "patience: " + patience + " (expected: more than nothing, at most a day)");
        }
    }

    // Kafka Streams makes names of topics, threads and directories of them.
    private static void checkName(String what, String name) {
        if (!name.matches("[A-Za-z0-9._-]{1," + LONGEST_NAME + "}")
                || name.equals(".")
                || name.equals("..")) {
            throw new IllegalArgumentException(
                    what
                            + ": \""
                            + name
                            + "\" (expected: 1 to "
                            + LONGEST_NAME
                            + " letters, digits, '.', '_' or '-')");
        }
    }
}
