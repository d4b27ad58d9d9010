package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// One of a module's own benchmarks, by JMH in a process of its own.
///
/// @param module with its directory from the root
/// @param benchmark the class, without its package
record JmhRun(String module, String benchmark) {

    private static final int PATIENCE_MINUTES = 5;
    private static final Pattern SCORE =
            Pattern.compile(
                    "\"benchmark\" : \"[^\"]*\\.(\\w+)\".*?\"score\" : ([0-9.E+]+)",
                    Pattern.DOTALL);

    /// Operations per second of each of its methods.
    Map<String, Double> measure(Path directory) throws IOException, InterruptedException {
        Path result = directory.resolve(benchmark + ".json");
        Path log = directory.resolve(benchmark + ".log");
        Path target = Path.of(module, "target");
        String classPath =
                String.join(
                        ":",
                        target.resolve("test-classes").toString(),
                        target.resolve("classes").toString(),
                        Files.readString(target.resolve("classpath")).strip());
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of("-cp", classPath, "org.openjdk.jmh.Main", benchmark));
        line.addAll(List.of("-wi", "3", "-w", "2s", "-i", "5", "-r", "2s"));
        line.addAll(List.of("-rf", "json", "-rff", result.toString()));
        var process =
                new ProcessBuilder(line)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        if (!process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IllegalStateException("JMH failed:\n" + Files.readString(log));
        }
        var scores = new LinkedHashMap<String, Double>();
        var found = SCORE.matcher(Files.readString(result));
        while (found.find()) {
            scores.put(found.group(1), Double.parseDouble(found.group(2)));
        }
        if (scores.isEmpty()) {
            throw new IllegalStateException(result + ": no score (expected: one)");
        }
        return scores;
    }
}
