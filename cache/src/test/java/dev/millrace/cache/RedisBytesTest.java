package dev.millrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.cache.SharedBytes.Kept;
import dev.millrace.cache.SharedBytes.Missing;
import dev.millrace.cache.SharedBytes.Unknown;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.testkit.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RedisBytesTest extends SharedBytesContract {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int MAX_BYTES = 100_000;
    private static final RedisServer SERVER = RedisServer.down();

    private static RedisLink link;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private RedisBytes bytes;

    @BeforeAll
    static void launch() {
        SERVER.start();
        link =
                new RedisLink(
                        RedisConfig.of(SERVER.uri(), "", ""),
                        System::nanoTime,
                        new SimpleMeterRegistry());
        link.start();
    }

    @BeforeEach
    void empty() {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(link::isUp);
        bytes = bytes(PATIENCE);
        bytes.forget(List.of("a", "b", "c"));
    }

    private RedisBytes bytes(Duration wait) {
        return new RedisBytes(
                link, wait, new ByteSize(MAX_BYTES), "test", System::nanoTime, registry);
    }

    @AfterAll
    static void end() {
        link.close();
        SERVER.close();
    }

    @Override
    SharedBytes bytes() {
        return bytes;
    }

    @Test
    void keepsBytesThatCannotBeCompressedAndNoneThatAreTooMany() {
        // Given
        var random = new byte[MAX_BYTES];
        new Random(1).nextBytes(random);

        // When
        bytes.put("a", ((Missing) bytes.find("a")).claim(), Slice.of(random), PATIENCE);
        bytes.put(
                "b",
                ((Missing) bytes.find("b")).claim(),
                Slice.of(new byte[MAX_BYTES + 1]),
                PATIENCE);

        // Then
        assertThat(bytes.find("a")).isEqualTo(new Kept(Slice.of(random)));
        assertThat(bytes.find("b")).isInstanceOf(Missing.class);
    }

    @Test
    void hardlyWaitsForAServerThatHangs() {
        // Given
        var wait = Duration.ofMillis(3);
        var hurried = bytes(wait);
        int looks = 2_000;
        SERVER.freeze();
        try {
            // When
            long begin = System.nanoTime();
            for (int i = 0; i < looks; i++) {
                assertThat(hurried.find("a")).isInstanceOf(Unknown.class);
                hurried.forget(List.of("a"));
            }
            long each = (System.nanoTime() - begin) / looks;

            // Then: it waits for the first few, and for some now and then.
            assertThat(Duration.ofNanos(each)).isLessThan(Duration.ofMillis(5));
            assertThat(registry.get("millrace.cache.late").counter().count())
                    .isBetween(1.0, looks / 4.0);
        } finally {
            SERVER.thaw();
        }
        // Then
        await().atMost(PATIENCE).until(() -> !(hurried.find("a") instanceof Unknown));
    }

    @Test
    void knowsNothingWhileTheServerIsGone() {
        // Given
        SERVER.kill();

        // When
        await().atMost(PATIENCE).until(() -> bytes.find("a") instanceof Unknown);
        bytes.put("a", new SharedBytes.Claim("Cold"), text("one"), PATIENCE);
        bytes.forget(List.of("a"));

        // Then
        SERVER.start();
        await().atMost(PATIENCE).until(() -> bytes.find("a") instanceof Missing);
    }
}
