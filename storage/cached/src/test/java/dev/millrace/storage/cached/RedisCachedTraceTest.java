package dev.millrace.storage.cached;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cache.RedisBytes;
import dev.millrace.cache.RedisConfig;
import dev.millrace.cache.RedisLink;
import dev.millrace.cache.SharedBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What processes remember together in a real Redis, each by a connection of its own.
final class RedisCachedTraceTest extends CachedTraceContract {

    private static final Duration LONG_WAIT = Duration.ofSeconds(20);

    private static final RedisServer SERVER = RedisServer.down();
    private static RedisClient client;
    private static StatefulRedisConnection<String, String> redis;

    /// Kept from test to test: who connects takes a while.
    private static final List<RedisLink> LINKS = new ArrayList<>();

    private final List<RedisBytes> all = new ArrayList<>();

    @BeforeAll
    static void launch() {
        SERVER.start();
        client = RedisClient.create(SERVER.uri().toString());
        redis = client.connect();
    }

    @BeforeEach
    void empty() {
        redis.sync().flushall();
    }

    @AfterAll
    static void end() {
        LINKS.forEach(RedisLink::close);
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        SERVER.close();
    }

    @Override
    SharedBytes bytes(MeterRegistry ofProcess) {
        return bytes(ofProcess, LONG_WAIT);
    }

    private RedisBytes bytes(MeterRegistry ofProcess, Duration wait) {
        if (all.size() == LINKS.size()) {
            var link =
                    new RedisLink(
                            RedisConfig.of(SERVER.uri(), "", ""),
                            System::nanoTime,
                            new SimpleMeterRegistry());
            LINKS.add(link);
            link.start();
        }
        var link = LINKS.get(all.size());
        patiently(link::isUp);
        var bytes =
                new RedisBytes(
                        link,
                        wait,
                        new ByteSize(2 << 20),
                        "process-" + all.size(),
                        System::nanoTime,
                        ofProcess);
        all.add(bytes);
        return bytes;
    }

    // A connection answers in the order it was asked in.
    @Override
    void settle() {
        all.forEach(
                bytes -> assertThat(bytes.find("settled")).isInstanceOf(SharedBytes.Missing.class));
    }

    @Override
    void expire(SharedBytes bytes, String name, Duration passed) {
        assertThat(redis.sync().pttl(name))
                .isBetween(passed.toMillis() - 60_000, passed.toMillis());
        redis.sync().del(name);
    }

    @Test
    void sharesWhatAnotherProcessHasRead() {
        // Given
        var one = process();
        var two = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var read = one.trace(Tenant.DEFAULT, trace(1));
        settle();

        // When
        var found = two.trace(Tenant.DEFAULT, trace(1));

        // Then
        assertThat(found).isEqualTo(read).isPresent();
        assertThat(store.traces).hasValue(1);
    }

    @Test
    void readsAnewWhatItDoesNotUnderstand() {
        // Given
        var process = process();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        for (String strange : List.of("", "x", "B", "B\u0001\u0002", "C")) {
            redis.sync().set("trace:" + trace(1), strange);

            // When
            var found = process.trace(Tenant.DEFAULT, trace(1));
            settle();

            // Then
            assertThat(found).as("\"%s\"", strange).isPresent();
        }
        int reads = store.traces.get();
        assertThat(process.trace(Tenant.DEFAULT, trace(1))).isPresent();
        assertThat(store.traces).hasValue(reads);
    }

    @Test
    void answersFromTheStoreWhileRedisIsKilledHungAndStartedAgain() throws Exception {
        // Given: four who ask all the time, of ten traces that nobody remembers for long.
        var own = new SimpleMeterRegistry();
        var process = process(bytes(own, Duration.ofMillis(20)), 1 << 20, Duration.ofSeconds(5));
        for (int i = 1; i <= 10; i++) {
            store.write(List.of(fragment(i, span(trace(i), 1, TIME))));
        }
        var ends = new AtomicBoolean();
        var slowest = new AtomicLong();
        var asked = new AtomicLong();
        var askers = new ArrayList<Future<?>>();
        try (var executor = Executors.newFixedThreadPool(4)) {
            for (int asker = 0; asker < 4; asker++) {
                long seed = asker;
                askers.add(
                        executor.submit(() -> {
                            for (long i = seed; !ends.get(); i++) {
                                long begin = System.nanoTime();
                                assertThat(process.trace(Tenant.DEFAULT, trace(1 + i % 10)))
                                        .isPresent();
                                slowest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                                asked.incrementAndGet();
                            }
                        }));
            }
            try {
                patiently(() -> answered("hit") > 100);

                // When
                SERVER.kill();
                // Then
                moreThan("unreachable", 100);
                // When
                SERVER.start();
                // Then
                moreThan("hit", 100);
                // When
                SERVER.freeze();
                // Then
                moreThan("unreachable", 100);
                // When
                SERVER.thaw();
                // Then
                moreThan("hit", 100);
            } finally {
                SERVER.thaw();
                ends.set(true);
            }
        }
        for (var asker : askers) {
            asker.get();
        }
        // The wait, and what a busy machine adds.
        assertThat(Duration.ofNanos(slowest.get())).isLessThan(Duration.ofSeconds(2));
        assertThat(own.get("millrace.cache.late").counter().count()).isLessThan(asked.get() / 2.0);
    }

    private void moreThan(String outcome, int questions) {
        double before = answered(outcome);
        patiently(() -> answered(outcome) - before > questions);
    }
}
