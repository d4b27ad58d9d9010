package dev.millrace.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Where things are in this repository.
final class Repository {

    /// Surefire runs a module's tests in its own folder.
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    static final Path CHART = ROOT.resolve("deploy/helm/millrace");
    static final Path VALUES = ROOT.resolve("deploy/helm/values");
    static final Path KUBERNETES = ROOT.resolve("deploy/kubernetes");

    private Repository() {}

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// All files below a folder whose names end so.
    static List<Path> files(Path folder, String ending) {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
