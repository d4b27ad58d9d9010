package dev.millrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cache.SharedBytes.Kept;
import dev.millrace.cache.SharedBytes.Missing;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LocalBytesTest extends SharedBytesContract {

    private final AtomicLong nanos = new AtomicLong();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final LocalBytes bytes = new LocalBytes(new ByteSize(100_000), nanos::get, registry);

    @Override
    SharedBytes bytes() {
        return bytes;
    }

    private void put(String name, Slice kept, Duration duration) {
        bytes.put(name, ((Missing) bytes.find(name)).claim(), kept, duration);
    }

    @Test
    void keepsEachForItsOwnTime() {
        // Given
        put("short", text("one"), Duration.ofMinutes(5));
        put("long", text("two"), Duration.ofMinutes(10));

        // When
        nanos.addAndGet(Duration.ofMinutes(5).toNanos());

        // Then
        assertThat(bytes.find("short")).isInstanceOf(Missing.class);
        assertThat(bytes.find("long")).isEqualTo(new Kept(text("two")));
    }

    @Test
    void letsAClaimEndThatNobodyUses() {
        // Given
        var claim = ((Missing) bytes.find("a")).claim();

        // When
        nanos.addAndGet(Duration.ofMinutes(2).toNanos());
        bytes.put("a", claim, text("one"), Duration.ofMinutes(5));

        // Then
        assertThat(bytes.find("a")).isInstanceOf(Missing.class);
    }

    @Test
    void takesNoMoreThanItMay() {
        // When
        for (int i = 0; i < 1_000; i++) {
            put("name " + i, Slice.of(new byte[1_000]), Duration.ofMinutes(5));
        }
        put("huge", Slice.of(new byte[200_000]), Duration.ofMinutes(5));

        // Then
        assertThat(bytes.find("huge")).isInstanceOf(Missing.class);
        assertThat(registry.get("millrace.cache.local.bytes").gauge().value())
                .isBetween(50_000.0, 100_000.0);
    }
}
