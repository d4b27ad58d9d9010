package dev.millrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/// What runs in the process of a [CassandraServer]: Cassandra, until whoever started it is gone.
final class CassandraProcess {

    private CassandraProcess() {}

    /// @param arguments none; its files are where the system property `cassandra.storagedir` says
    public static void main(String[] arguments) throws Throwable {
        Thread.ofPlatform().daemon().name("parent").start(CassandraProcess::haltWithParent);
        try {
            // Not on the class path that this is compiled with.
            Class.forName("org.apache.cassandra.service.CassandraDaemon")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    // The other end of the pipe closes however the parent dies.
    private static void haltWithParent() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes.
            }
        } catch (IOException _) {
            // Closed as well.
        }
        // Nobody is left to do it, and they may be in memory.
        delete(Path.of(System.getProperty("cassandra.storagedir")));
        Runtime.getRuntime().halt(1);
    }

    private static void delete(Path directory) {
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            // Cassandra still writes; little is left.
            System.err.println("cassandra: cannot delete " + directory + ": " + e);
        }
    }
}
