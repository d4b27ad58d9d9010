package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LONG;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CrashTest {

    @ParameterizedTest
    @ValueSource(longs = {3, 5, 20_261_121})
    void keepsWhatItAcknowledgedWhenItsProcessIsKilled(long seed, @TempDir Path directory)
            throws Exception {
        // Given
        int acknowledged = writeAndKill(directory, new SplittableRandom(seed));

        // When: everything is written again, as after a crash, and some more
        int replayed = acknowledged + 20;
        var fragments = CrashingWriter.workload().next(replayed);
        var meters = new SimpleMeterRegistry();
        try (var store = new LocalTraceStore(CrashingWriter.config(directory), meters)) {
            store.start();
            for (var fragment : fragments.subList(0, acknowledged)) {
                assertThat(store.trace(Tenant.DEFAULT, fragment.traceId()))
                        .as("seed %s, fragment %s of %s", seed, fragment.id(), acknowledged)
                        .isPresent();
            }
            assertThat(store.dependencies(Tenant.DEFAULT, 1, 2))
                    .as("seed %s", seed)
                    .singleElement()
                    .extracting(DependencyMinute::upTo, as(LONG))
                    .isGreaterThanOrEqualTo(acknowledged);
            store.write(fragments);

            // Then
            assertThat(meters.counter("millrace.store.fragments.duplicate").count())
                    .as("seed %s", seed)
                    .isGreaterThanOrEqualTo(acknowledged);
        }
        assertHeldOnce(directory, replayed, seed);
    }

    private static void assertHeldOnce(Path directory, int fragments, long seed)
            throws IOException {
        try (var dictionaries = new Dictionaries(directory.resolve("dictionaries"));
                var windows =
                        new Windows(
                                directory.resolve("windows"),
                                CrashingWriter.config(directory).window(),
                                dictionaries)) {
            dictionaries.start();
            windows.start();
            assertThat(windows.setAside()).as("seed %s", seed).isZero();
            try (var snapshot = new Snapshot(windows, dictionaries)) {
                for (var fragment : CrashingWriter.workload().next(fragments)) {
                    assertThat(snapshot.locate(Tenant.DEFAULT, fragment.traceId()))
                            .as("seed %s, fragment %s", seed, fragment.id())
                            .hasSize(1);
                }
            }
        }
    }

    private static int writeAndKill(Path directory, SplittableRandom random) throws Exception {
        var process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                CrashingWriter.class.getName(),
                                directory.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        int acknowledged = 0;
        int writes = 5 + random.nextInt(40);
        try (var lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (int i = 0; i < writes; i++) {
                acknowledged = Integer.parseInt(String.valueOf(lines.readLine()));
            }
            // Into the middle of the next write.
            LockSupport.parkNanos(random.nextInt(20_000_000));
            // By its handle, which leaves the pipe open for what was acknowledged before.
            assertThat(process.toHandle().destroyForcibly()).isTrue();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                acknowledged = Integer.parseInt(line);
            }
        }
        return acknowledged;
    }
}
