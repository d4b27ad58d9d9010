package dev.millrace.storage.cached;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cache.LocalBytes;
import dev.millrace.cache.SharedBytes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What a process remembers for itself. All its parts share one memory, as those of several
/// processes do in Redis.
final class LocalCachedTraceTest extends CachedTraceContract {

    private final LocalBytes bytes = new LocalBytes(new ByteSize(1 << 20), nanos::get, registry);

    @Override
    SharedBytes bytes(MeterRegistry ofProcess) {
        return bytes;
    }

    @Override
    void settle() {}

    @Override
    void expire(SharedBytes kept, String name, Duration passed) {
        nanos.addAndGet(passed.toNanos());
    }

    @Test
    void staysWithinItsMemory() {
        // Given
        var process = process();
        int traces = 8_000;

        // When
        for (int i = 1; i <= traces; i++) {
            store.write(List.of(fragment(i, span(trace(i), 1, TIME))));
            process.trace(Tenant.DEFAULT, trace(i));
            if (i % 100 == 0) {
                // Keeps the store quick.
                store.clear();
            }
        }

        // Then
        assertThat(registry.get("millrace.cache.local.bytes").gauge().value())
                .isBetween(500_000.0, 1_048_576.0);
        assertThat(registry.get("millrace.cache.local.entries").gauge().value())
                .isLessThan(traces / 2.0);
    }

    @Test
    void doesNotJoinOneWhoReadBeforeAWriteOfItsOwnProcess() throws Exception {
        // Given: a reader who has read the old trace, and is held up.
        var process = process();
        process.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var hasRead = new CountDownLatch(1);
        var mayGoOn = new CountDownLatch(1);
        store.afterRead(() -> {
            hasRead.countDown();
            await(mayGoOn);
        });
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var early = executor.submit(() -> process.trace(Tenant.DEFAULT, trace(1)));
            await(hasRead);
            store.afterRead(() -> {});

            // When
            process.write(List.of(fragment(1, span(trace(1), 2, TIME))));
            var late = process.trace(Tenant.DEFAULT, trace(1)).orElseThrow();
            mayGoOn.countDown();

            // Then
            assertThat(late.spans()).hasSize(2);
            assertThat(early.get(PATIENCE_SECONDS, TimeUnit.SECONDS).orElseThrow().spans())
                    .hasSize(1);
            assertThat(process.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans()).hasSize(2);
        }
    }
}
