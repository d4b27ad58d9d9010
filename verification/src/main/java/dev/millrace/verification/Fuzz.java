package dev.millrace.verification;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Has Jazzer look for bytes that crash a decoder, hang it or make it allocate without a bound:
/// `./dev fuzz [SECONDS] [DECODER ...]`, each decoder for so long, all of them without any.
public final class Fuzz {

    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs in (\\d+) second");
    private static final Pattern COVERAGE = Pattern.compile("cov: (\\d+)");
    private static final int SECONDS = 60;
    private static final int LONGEST_INPUT_SECONDS = 5;

    private Fuzz() {}

    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SECONDS;
        var wanted = List.of(arguments).subList(Math.min(1, arguments.length), arguments.length);
        Path folder = Files.createTempDirectory("millrace-fuzz-");
        boolean clean = true;
        System.out.println("| decoder | inputs | s | coverage | found |");
        System.out.println("|-|-:|-:|-:|-|");
        for (var decoder : EdgeDecoder.values()) {
            if (wanted.isEmpty() || wanted.contains(decoder.word())) {
                var result = run(decoder, seconds, folder.resolve(decoder.word()));
                clean &= result.finding().isEmpty();
                System.out.printf(
                        Locale.ROOT,
                        "| %s | %,d | %d | %d | %s |%n",
                        decoder.word(),
                        result.inputs(),
                        result.seconds(),
                        result.coverage(),
                        result.finding().isEmpty() ? "nothing" : result.finding());
            }
        }
        System.out.println(clean ? "Nothing found." : "FAILED, see " + folder);
        System.exit(clean ? 0 : 1);
    }

    /// @param coverage how many places in our code were reached
    /// @param finding what went wrong; empty for nothing
    private record Result(long inputs, long seconds, long coverage, String finding) {}

    private static Result run(EdgeDecoder decoder, int seconds, Path folder)
            throws IOException, InterruptedException {
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        Files.write(corpus.resolve("example"), decoder.example());
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-Xmx1g",
                        "-XX:+EnableDynamicAgentLoading",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + FuzzTarget.class.getName(),
                        "--target_args=" + decoder.word(),
                        "--instrumentation_includes=dev.millrace.**",
                        "-max_total_time=" + seconds,
                        "-max_len=" + EdgeDecoder.MAX_BODY,
                        "-timeout=" + LONGEST_INPUT_SECONDS,
                        corpus.toString()));
        var process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        long inputs = 0;
        long took = 0;
        long coverage = 0;
        String finding = "";
        try (var log = Files.newBufferedWriter(folder.resolve("log"));
                var lines =
                        new BufferedReader(
                                new InputStreamReader(
                                        process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                log.write(line);
                log.newLine();
                coverage = Math.max(coverage, number(COVERAGE.matcher(line)));
                Matcher done = DONE.matcher(line);
                if (done.find()) {
                    inputs = Long.parseLong(done.group(1));
                    took = Long.parseLong(done.group(2));
                }
                if (finding.isEmpty() && line.startsWith("== Java Exception")) {
                    finding = line.replaceFirst("== Java Exception: ", "");
                }
            }
        }
        int code = process.waitFor();
        if (code != 0 && finding.isEmpty()) {
            finding = "exit code " + code;
        }
        return new Result(inputs, took, coverage, finding);
    }

    private static long number(Matcher matcher) {
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }
}
