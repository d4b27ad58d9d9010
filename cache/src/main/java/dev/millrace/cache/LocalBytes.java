package dev.millrace.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// [SharedBytes] of one process, in its memory and bounded there: what is looked for least goes
/// first.
///
/// Metrics: `millrace.cache.puts` and `millrace.cache.forgotten` by `outcome`,
/// `millrace.cache.local.bytes`, `millrace.cache.local.entries`.
public final class LocalBytes implements SharedBytes {

    /// A claim is used as soon as something has been read.
    private static final Duration CLAIM_HOLDS = Duration.ofMinutes(1);

    private static final int MAX_CLAIMS = 10_000;

    /// Of the objects around the bytes of an entry.
    private static final int ENTRY_BYTES = 160;

    private record Entry(Slice bytes, Duration kept) {}

    private final Cache<String, Entry> entries;

    /// What is put or forgotten is so under the lock of its name in here.
    private final Cache<String, Claim> claims;

    private final AtomicLong lastToken = new AtomicLong();
    private final BytesMeters meters;

    /// @param nanos a clock that never steps back
    public LocalBytes(ByteSize maxSize, LongSupplier nanos, MeterRegistry registry) {
        meters = new BytesMeters(registry);
        entries =
                Caffeine.newBuilder()
                        .maximumWeight(maxSize.bytes())
                        .<String, Entry>weigher((name, entry) -> weight(name, entry.bytes()))
                        .expireAfter(Expiry.<String, Entry>writing((_, entry) -> entry.kept()))
                        .ticker(nanos::getAsLong)
                        .executor(Runnable::run)
                        .build();
        claims =
                Caffeine.newBuilder()
                        .maximumSize(MAX_CLAIMS)
                        .expireAfterWrite(CLAIM_HOLDS)
                        .ticker(nanos::getAsLong)
                        .executor(Runnable::run)
                        .build();
        Gauge.builder("millrace.cache.local.bytes", this, LocalBytes::bytes)
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("millrace.cache.local.entries", entries, Cache::estimatedSize)
                .register(registry);
    }

    private static int weight(String name, Slice bytes) {
        return (int)
                Math.min(Integer.MAX_VALUE, (long) ENTRY_BYTES + name.length() + bytes.length());
    }

    private double bytes() {
        return entries.policy()
                .eviction()
                .map(eviction -> (double) eviction.weightedSize().orElse(0))
                .orElse(0.0);
    }

    @Override
    public Found find(String name) {
        var entry = entries.getIfPresent(name);
        return entry == null
                ? new Missing(claims.get(name, _ -> newClaim()))
                : new Kept(entry.bytes());
    }

    private Claim newClaim() {
        return new Claim(Long.toString(lastToken.incrementAndGet()));
    }

    @Override
    public void put(String name, Claim claim, Slice bytes, Duration kept) {
        var held = new AtomicBoolean();
        claims.asMap()
                .computeIfPresent(
                        name,
                        (_, valid) -> {
                            if (!valid.equals(claim)) {
                                return valid;
                            }
                            entries.put(name, new Entry(bytes, kept));
                            held.set(true);
                            return null;
                        });
        meters.put(held.get());
    }

    @Override
    public Claim reclaim(String name) {
        var claim = newClaim();
        claims.asMap()
                .compute(
                        name,
                        (_, _) -> {
                            entries.invalidate(name);
                            return claim;
                        });
        return claim;
    }

    @Override
    public void forget(Collection<String> names) {
        for (String name : names) {
            claims.asMap()
                    .compute(
                            name,
                            (_, _) -> {
                                entries.invalidate(name);
                                return null;
                            });
        }
        meters.forgotten(names.size());
    }
}
