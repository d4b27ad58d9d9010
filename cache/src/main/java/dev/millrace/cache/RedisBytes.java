package dev.millrace.cache;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import io.lettuce.core.SetArgs;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.ByteArrayOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// [SharedBytes] in Redis, compressed.
///
/// Under a name stands either what is kept or the claim to put something there, so that each step
/// is one command. A look waits a few milliseconds at most, and while Redis has been too slow for
/// that several times running, most do not wait at all. Putting waits for nothing, forgetting as
/// long as a look.
///
/// Metrics: `millrace.cache.puts` and `millrace.cache.forgotten` by `outcome`,
/// `millrace.cache.wait`, `millrace.cache.late`, `millrace.cache.skipped`,
/// `millrace.cache.malformed`.
public final class RedisBytes implements SharedBytes {

    /// Gives back what stands under a name, and leaves a claim where nothing does.
    private static final String FIND =
            """
            local found = redis.call('get', KEYS[1])
            if found then return found end
            redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
            return ARGV[1]
            """;

    /// Puts something in the place of a claim, if that still stands.
    private static final String PUT =
            """
            if redis.call('strlen', KEYS[1]) == #ARGV[1] and redis.call('get', KEYS[1]) == ARGV[1] then
              redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
              return 1
            end
            return 0
            """;

    // What stands under a name begins with one of these.
    private static final char CLAIM = 'C';
    private static final char BYTES = 'B';

    /// Longer than any store may take to answer.
    private static final Duration CLAIM_HOLDS = Duration.ofMinutes(1);

    private static final int LEVEL = 1;
    private static final int NAMES_AT_ONCE = 500;

    private final RedisLink link;
    private final Duration wait;
    private final int maxBytes;
    private final String process;
    private final LongSupplier nanos;
    private final CircuitBreaker breaker = new CircuitBreaker();
    private final AtomicLong lastToken = new AtomicLong();
    private final BytesMeters meters;
    private final Timer waited;
    private final Counter late;
    private final Counter skipped;
    private final Counter malformed;

    /// @param wait how long a look or forgetting may take
    /// @param maxSize of what is kept under a name, before it is compressed; more is not taken
    /// @param process names this process, unlike any other
    /// @param nanos a clock that never steps back
    public RedisBytes(
            RedisLink link,
            Duration wait,
            ByteSize maxSize,
            String process,
            LongSupplier nanos,
            MeterRegistry registry) {
        this.link = link;
        this.wait = wait;
        this.maxBytes = (int) Math.min(Integer.MAX_VALUE, maxSize.bytes());
        this.process = process;
        this.nanos = nanos;
        this.meters = new BytesMeters(registry);
        this.waited = registry.timer("millrace.cache.wait");
        this.late = registry.counter("millrace.cache.late");
        this.skipped = registry.counter("millrace.cache.skipped");
        this.malformed = registry.counter("millrace.cache.malformed");
    }

    @Override
    public Found find(String name) {
        long begin = nanos.getAsLong();
        if (!breaker.tryPass(begin)) {
            skipped.increment();
            return new Unknown();
        }
        var claim = newClaim();
        var answer =
                link.call(redis ->
                                redis.dispatch(
                                        CommandType.EVAL,
                                        new ByteArrayOutput<>(StringCodec.UTF8),
                                        script(FIND, name)
                                                .add(claim.token())
                                                .add(CLAIM_HOLDS.toMillis())))
                        .toCompletableFuture();
        try {
            byte[] found = answer.get(wait.toNanos(), TimeUnit.NANOSECONDS);
            breaker.succeeded();
            return read(name, found);
        } catch (TimeoutException _) {
            late.increment();
            breaker.failed(nanos.getAsLong());
            return new Unknown();
        } catch (ExecutionException _) {
            // The link has counted it.
            return new Unknown();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Unknown();
        } finally {
            waited.record(nanos.getAsLong() - begin, TimeUnit.NANOSECONDS);
        }
    }

    private Found read(String name, byte[] found) {
        if (found.length > 0 && found[0] == CLAIM) {
            return new Missing(new Claim(new String(found, StandardCharsets.UTF_8)));
        }
        try {
            if (found.length > 0 && found[0] == BYTES) {
                return new Kept(unpacked(found));
            }
        } catch (ZstdException | IndexOutOfBoundsException _) {
            // As what follows.
        }
        // Somebody else's, or of another version of ours.
        malformed.increment();
        return new Missing(reclaim(name));
    }

    private byte[] packed(Slice bytes) {
        byte[] source = bytes.toByteArray();
        byte[] packed = new byte[1 + Math.toIntExact(Zstd.compressBound(source.length))];
        packed[0] = BYTES;
        long length =
                Zstd.compressByteArray(
                        packed, 1, packed.length - 1, source, 0, source.length, LEVEL);
        if (Zstd.isError(length)) {
            throw new ZstdException(length);
        }
        return Arrays.copyOf(packed, 1 + Math.toIntExact(length));
    }

    private Slice unpacked(byte[] packed) {
        long size = Zstd.getFrameContentSize(packed, 1, packed.length - 1);
        if (size < 0 || size > maxBytes) {
            throw new ZstdException(
                    size, "size: " + size + " (expected: at most " + maxBytes + ")");
        }
        byte[] bytes = new byte[(int) size];
        long length =
                Zstd.decompressByteArray(bytes, 0, bytes.length, packed, 1, packed.length - 1);
        if (Zstd.isError(length)) {
            throw new ZstdException(length);
        }
        return Slice.of(bytes);
    }

    @Override
    public void put(String name, Claim claim, Slice bytes, Duration kept) {
        if (bytes.length() > maxBytes) {
            return;
        }
        byte[] packed = packed(bytes);
        var _ =
                link.call(redis ->
                                redis.dispatch(
                                        CommandType.EVAL,
                                        new IntegerOutput<>(StringCodec.UTF8),
                                        script(PUT, name)
                                                .add(claim.token())
                                                .add(packed)
                                                .add(kept.toMillis())))
                        .whenComplete((one, failure) -> {
                            if (failure == null) {
                                meters.put(one == 1);
                            } else {
                                meters.putFailed();
                            }
                        });
    }

    private static CommandArgs<String, String> script(String script, String name) {
        return new CommandArgs<>(StringCodec.UTF8).add(script).add(1).addKey(name);
    }

    /// Nothing is waited for: what is put with the claim goes the same way after it.
    @Override
    public Claim reclaim(String name) {
        var claim = newClaim();
        var _ =
                link.call(redis ->
                        redis.set(name, claim.token(), SetArgs.Builder.px(CLAIM_HOLDS.toMillis())));
        return claim;
    }

    private Claim newClaim() {
        return new Claim(CLAIM + process + "-" + lastToken.incrementAndGet());
    }

    @Override
    public void forget(Collection<String> names) {
        var all = List.copyOf(names);
        var answers = new ArrayList<CompletableFuture<?>>();
        for (int from = 0; from < all.size(); from += NAMES_AT_ONCE) {
            var some = all.subList(from, Math.min(all.size(), from + NAMES_AT_ONCE));
            answers.add(
                    link.call(redis -> redis.unlink(some.toArray(new String[0])))
                            .whenComplete((_, failure) -> {
                                if (failure == null) {
                                    meters.forgotten(some.size());
                                } else {
                                    meters.forgettingFailed(some.size());
                                }
                            })
                            .toCompletableFuture());
        }
        try {
            CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0]))
                    .get(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException _) {
            // It may still be done; counted it is when that is known.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
