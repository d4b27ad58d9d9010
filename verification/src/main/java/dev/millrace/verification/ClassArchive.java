package dev.millrace.verification;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// The classes of the program as Java keeps them once they were loaded, which halves what each of
/// many starts costs. Made at the first start and used until this process ends.
///
/// Java takes classes in from jars only. Where those of the program lie in folders, as when it was
/// compiled but not packaged, it is started without.
final class ClassArchive {

    private static final ClassArchive OF_THIS_PROCESS = new ClassArchive();
    private static final long PATIENCE_SECONDS = 180;

    private boolean made;

    private ClassArchive() {}

    /// What stands between `java` and the name of the main class.
    static List<String> options() {
        String classPath = jars();
        return classPath.isEmpty()
                ? List.of("-cp", System.getProperty("java.class.path"))
                : List.of(
                        "-XX:AOTCache=" + OF_THIS_PROCESS.file(classPath),
                        // Mapped where it was made for: moved, all of it is written to.
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:ArchiveRelocationMode=0",
                        "-Xlog:aot*=off,cds*=off",
                        "-cp",
                        classPath);
    }

    // Without the measurements and tests, which are no part of the program. Empty when others are
    // folders too.
    private static String jars() {
        var own = home().getParent();
        var others =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                        .filter(entry -> !Path.of(entry).toAbsolutePath().startsWith(own))
                        .toList();
        return others.stream().allMatch(entry -> entry.endsWith(".jar"))
                ? others.stream().collect(Collectors.joining(File.pathSeparator))
                : "";
    }

    // Such as verification/target/classes.
    private static Path home() {
        return Path.of(
                        ClassArchive.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .getPath())
                .toAbsolutePath();
    }

    private synchronized Path file(String classPath) {
        var file = home().resolveSibling("millrace.aot");
        if (!made) {
            try {
                make(file, classPath);
            } catch (IOException e) {
                throw new IllegalStateException(file + " cannot be made", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(file + " was not made", e);
            }
            made = true;
        }
        return file;
    }

    private static void make(Path file, String classPath) throws IOException, InterruptedException {
        Files.deleteIfExists(file);
        var log = file.resolveSibling("millrace.aot.log");
        var line = new ArrayList<>(MillraceProcess.Program.JAVA);
        line.add("-XX:AOTCacheOutput=" + file);
        line.addAll(List.of("-cp", classPath, MillraceProcess.Program.MAIN, "warmup"));
        var start =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (!start.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            start.destroyForcibly();
        }
        if (!Files.exists(file)) {
            throw new IOException("see " + log);
        }
    }
}
