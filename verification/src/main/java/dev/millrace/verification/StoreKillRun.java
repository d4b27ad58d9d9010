package dev.millrace.verification;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Tenant;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.store.FSDirectory;
import org.jspecify.annotations.Nullable;

/// A store whose process is killed with `kill -9` while it writes, again and again, each time going
/// on with what it left; after each kill everything acknowledged must be there, as it was written
/// and once, and every index must be sound.
///
/// When a process is killed, and what it does until then, follows from the kill's seed; see
/// [StoreWriter]. A writer begins a little before what the one before it was told is safe, as one
/// that reads a log again does.
public final class StoreKillRun {

    private static final int REPLAYED = 40;
    private static final int PATIENCE_SECONDS = 30;

    /// What one kill left behind.
    ///
    /// @param acknowledged fragments in all, from the first kill on
    /// @param findings what is wrong; none when all is well
    public record Outcome(long seed, long acknowledged, List<String> findings) {

        public Outcome {
            findings = List.copyOf(findings);
        }
    }

    private final Path directory;
    private final long[] acknowledged = new long[StoreWriter.PARTITIONS];

    /// @param directory an empty one
    public StoreKillRun(Path directory) {
        this.directory = directory;
    }

    /// Starts a writer, kills it, and looks at what is left.
    public Outcome kill(long seed) throws IOException, InterruptedException {
        writeUntilKilled(seed, new SplittableRandom(seed));
        var findings = new ArrayList<String>();
        findLost(findings);
        findUnsound(findings);
        return new Outcome(seed, Arrays.stream(acknowledged).sum(), findings);
    }

    private void writeUntilKilled(long seed, SplittableRandom random)
            throws IOException, InterruptedException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StoreWriter.class.getName(),
                        directory.toString(),
                        Long.toString(seed)));
        for (long partition : acknowledged) {
            line.add(Long.toString(Math.max(0, partition - REPLAYED)));
        }
        Path log = Files.createTempFile("millrace-store-writer", ".log");
        var process = new ProcessBuilder(line).redirectError(log.toFile()).start();
        try (var lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            // One in five dies while it opens, or soon after.
            int writes = random.nextInt(5) == 0 ? 0 : 1 + random.nextInt(25);
            for (int i = 0; i < writes; i++) {
                if (!take(lines.readLine())) {
                    throw new IllegalStateException(
                            "the writer ended by itself:\n" + Files.readString(log));
                }
            }
            LockSupport.parkNanos(random.nextLong(writes == 0 ? 900_000_000 : 60_000_000));
            // By its handle, which leaves the pipe open for what was acknowledged before.
            process.toHandle().destroyForcibly();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the writer does not die");
            }
            while (take(lines.readLine())) {
                // Told before it died.
            }
        } finally {
            Files.deleteIfExists(log);
        }
    }

    // A partition and how much of it is safe. A line that the kill has cut is not taken.
    private boolean take(@Nullable String line) {
        if (line == null) {
            return false;
        }
        String[] words = line.split(" ", -1);
        if (words.length == 3 && words[2].equals("safe")) {
            int partition = Integer.parseInt(words[0]);
            acknowledged[partition] = Math.max(acknowledged[partition], Long.parseLong(words[1]));
        }
        return true;
    }

    private void findLost(List<String> findings) {
        var meters = new SimpleMeterRegistry();
        try (var store = new LocalTraceStore(StoreWriter.config(directory), meters)) {
            store.start();
            for (int partition = 0; partition < acknowledged.length; partition++) {
                for (long offset = 0; offset < acknowledged[partition]; offset++) {
                    var fragment = StoreWriter.fragment(partition, offset);
                    var trace = store.trace(Tenant.DEFAULT, fragment.traceId());
                    if (trace.isEmpty()) {
                        findings.add("lost: " + fragment.id());
                    } else if (!new HashSet<>(trace.get().spans())
                            .equals(new HashSet<>(OtlpDecoder.spans(fragment.body())))) {
                        findings.add("altered: " + fragment.id());
                    }
                }
                findLostFigures(store, partition, findings);
            }
            for (String what : List.of("windows", "segments", "dependencies")) {
                double corrupt = meters.get("millrace.store." + what + ".corrupt").gauge().value();
                if (corrupt > 0) {
                    findings.add("set aside as damaged: " + corrupt + " " + what);
                }
            }
        }
    }

    private void findLostFigures(LocalTraceStore store, int partition, List<String> findings) {
        long kept =
                store.dependencies(Tenant.DEFAULT, 0, Long.MAX_VALUE).stream()
                        .filter(minute -> minute.partition() == partition)
                        .mapToLong(minute -> minute.upTo())
                        .max()
                        .orElse(0);
        if (kept < acknowledged[partition]) {
            findings.add(
                    "figures of partition %d up to %d (expected: %d)"
                            .formatted(partition, kept, acknowledged[partition]));
        }
    }

    private void findUnsound(List<String> findings) throws IOException {
        var indices = new ArrayList<Path>();
        indices.add(directory.resolve("dependencies"));
        try (var windows = Files.newDirectoryStream(directory.resolve("windows"))) {
            windows.forEach(indices::add);
        }
        for (var path : indices) {
            try (var index = FSDirectory.open(path);
                    var check = new CheckIndex(index)) {
                if (!check.checkIndex().clean) {
                    findings.add("unsound: " + path.getFileName());
                }
            }
            if (!path.endsWith("dependencies")) {
                findTwice(path, findings);
            }
        }
    }

    // Every fragment has a term of its own in this field of its window.
    private static void findTwice(Path window, List<String> findings) throws IOException {
        try (var index = FSDirectory.open(window);
                var reader = DirectoryReader.open(index)) {
            var ids = MultiTerms.getTerms(reader, "f");
            if (ids != null) {
                var walk = ids.iterator();
                while (walk.next() != null) {
                    if (walk.docFreq() > 1) {
                        findings.add("held twice: a fragment in " + window.getFileName());
                    }
                }
            }
        }
    }
}
