package dev.millrace.server;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// The name of this process among its kind, the same at every start on the same data directory.
///
/// Held by one process at a time.
final class InstanceId implements AutoCloseable {

    private final String name;
    private final FileChannel lock;

    private InstanceId(String name, FileChannel lock) {
        this.name = name;
        this.lock = lock;
    }

    /// Takes the name that is configured or else that of the directory, or makes one.
    ///
    /// @param configured empty where the directory names the process
    /// @throws IllegalStateException when another process holds the directory
    static InstanceId claim(Path dataDir, String configured) throws IOException {
        Files.createDirectories(dataDir);
        Path file = dataDir.resolve("instance");
        var channel =
                FileChannel.open(
                        dataDir.resolve("instance.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        if (channel.tryLock() == null) {
            channel.close();
            throw new IllegalStateException(
                    "data-dir: "
                            + dataDir
                            + " (expected: one aggregator or ingester to a directory; another is running"
                            + " on it)");
        }
        if (!configured.isEmpty()) {
            return new InstanceId(configured, channel);
        }
        if (!Files.exists(file)) {
            Files.writeString(file, UUID.randomUUID().toString());
        }
        return new InstanceId(Files.readString(file).strip(), channel);
    }

    String name() {
        return name;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
