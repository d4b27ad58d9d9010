package dev.millrace.storage.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;

/// What is done to the directories of a state while nobody looks.
final class StateFiles {

    private StateFiles() {}

    /// Copies a directory as it is, which is what a process that is killed now leaves behind.
    static Path copy(Path from, Path to) {
        for (int attempt = 0; attempt < 20; attempt++) {
            try {
                delete(to);
                copyOnce(from, to);
                return to;
            } catch (NoSuchFileException _) {
                // Merged away meanwhile.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new IllegalStateException(from + ": changes all the time (expected: a quiet moment)");
    }

    private static void copyOnce(Path from, Path to) throws IOException {
        try (var paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (var paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
