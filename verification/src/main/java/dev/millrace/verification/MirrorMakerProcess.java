package dev.millrace.verification;

import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// Kafka's MirrorMaker 2 in a process of its own, to be killed and started again.
///
/// Not safe for threads.
final class MirrorMakerProcess implements AutoCloseable {

    private static final String MAIN = "org.apache.kafka.connect.mirror.MirrorMaker";

    private final Path directory;
    private final Properties settings = new Properties();
    private @Nullable Process process;

    /// @param directory for its settings and its log
    /// @param properties a file of settings
    /// @param others settings that stand in for those of the file
    MirrorMakerProcess(Path directory, Path properties, Map<String, String> others)
            throws IOException {
        this.directory = directory;
        try (var in = Files.newInputStream(properties)) {
            settings.load(in);
        }
        settings.putAll(others);
    }

    /// Starts it. When it is ready shows in what it does alone.
    void start() throws IOException {
        Files.createDirectories(directory);
        var file = directory.resolve("mirror-maker.properties");
        try (var out = Files.newOutputStream(file)) {
            settings.store(out, null);
        }
        var line = new ArrayList<>(Program.JAVA);
        line.addAll(ClassArchive.options());
        line.addAll(List.of(MAIN, file.toString(), "--clusters", "center"));
        process =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                        .start();
    }

    /// Ends it as `kill -9` does.
    void kill() throws InterruptedException {
        running().destroyForcibly().waitFor();
    }

    long pid() {
        return running().pid();
    }

    boolean isAlive() {
        return running().isAlive();
    }

    private Process running() {
        var started = process;
        if (started == null) {
            throw new IllegalStateException("MirrorMaker: not started");
        }
        return started;
    }

    private Path logFile() {
        return directory.resolve("mirror-maker.log");
    }

    /// How many tasks have given up so far, and do nothing until it is started again.
    long tasksDead() {
        try (var lines = Files.lines(logFile())) {
            return lines.filter(line -> line.contains("Task is being killed")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The end of what it has printed.
    String tail() {
        try {
            var lines = Files.readAllLines(logFile());
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException e) {
            return "no log: " + e.getMessage();
        }
    }

    @Override
    public void close() {
        var started = process;
        if (started != null) {
            started.destroyForcibly();
        }
    }
}
