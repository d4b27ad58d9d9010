package dev.millrace.verification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// The files of this repository, without what is built or fetched.
final class Repository {

    /// Surefire runs a module's tests in its own folder.
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final Set<String> NOT_OURS = Set.of("target", "node_modules", ".git", "dist");

    private Repository() {}

    static List<Path> files(String ending) {
        return walk(NOT_OURS, file -> file.toString().endsWith(ending));
    }

    /// The folders of compiled classes of every module, of tests too.
    static List<Path> classFolders() {
        return walk(Set.of("node_modules", ".git"), file -> file.toString().endsWith(".class"))
                .stream()
                .map(Repository::classFolder)
                .distinct()
                .toList();
    }

    private static Path classFolder(Path file) {
        Path folder = file;
        while (folder.getParent() != null && !folder.getParent().endsWith("target")) {
            folder = folder.getParent();
        }
        return folder;
    }

    private static List<Path> walk(Set<String> passedOver, Predicate<Path> wanted) {
        var found = new ArrayList<Path>();
        try {
            Files.walkFileTree(
                    ROOT,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path folder, BasicFileAttributes attributes) {
                            return passedOver.contains(folder.getFileName().toString())
                                    ? FileVisitResult.SKIP_SUBTREE
                                    : FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(
                                Path file, BasicFileAttributes attributes) {
                            if (wanted.test(file)) {
                                found.add(file);
                            }
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        found.sort(null);
        return found;
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
