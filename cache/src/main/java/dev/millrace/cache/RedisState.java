package dev.millrace.cache;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/// [SharedState] in Redis: a hash for the contributions to each name, a key for the rest.
public final class RedisState implements SharedState {

    private static final String LEAD =
            """
            if redis.call('get', KEYS[1]) == ARGV[1] then
              redis.call('pexpire', KEYS[1], ARGV[2])
              return 1
            end
            if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
            return 0
            """;

    private final RedisLink link;
    private final String process;
    private final LongSupplier epochMillis;

    /// @param process names this process, unlike any other
    /// @param epochMillis a clock that agrees with the other processes' within seconds
    public RedisState(RedisLink link, String process, LongSupplier epochMillis) {
        this.link = link;
        this.process = process;
        this.epochMillis = epochMillis;
    }

    @Override
    public CompletionStage<Void> contribute(String name, String text, Duration remembered) {
        // Fields of a hash do not expire on their own, so each says until when it holds.
        String value = (epochMillis.getAsLong() + remembered.toMillis()) + "\n" + text;
        return link.call(redis ->
                redis.hset(hash(name), process, value)
                        .thenCombine(redis.pexpire(hash(name), remembered), (_, kept) -> kept)
                        .thenApply(_ -> null));
    }

    @Override
    public CompletionStage<List<String>> contributions(String name) {
        return link.call(redis -> redis.hgetall(hash(name)))
                .thenApply(fields -> {
                    long now = epochMillis.getAsLong();
                    var live = new ArrayList<String>();
                    var stale = new ArrayList<String>();
                    fields.forEach((field, value) -> {
                        int line = value.indexOf('\n');
                        if (until(value, line) > now) {
                            live.add(value.substring(line + 1));
                        } else {
                            stale.add(field);
                        }
                    });
                    forget(name, stale);
                    return live;
                });
    }

    private static long until(String value, int line) {
        try {
            return line < 0 ? 0 : Long.parseLong(value, 0, line, 10);
        } catch (NumberFormatException e) {
            // Not ours: forgotten like what has expired.
            return 0;
        }
    }

    private void forget(String name, List<String> fields) {
        if (!fields.isEmpty()) {
            var _ = link.call(redis -> redis.hdel(hash(name), fields.toArray(new String[0])));
        }
    }

    @Override
    public CompletionStage<Void> put(String name, String text, Duration remembered) {
        return link.call(redis ->
                redis.set(key(name), text, SetArgs.Builder.px(remembered.toMillis()))
                        .thenApply(_ -> null));
    }

    @Override
    public CompletionStage<Optional<String>> get(String name) {
        return link.call(redis -> redis.get(key(name)).thenApply(Optional::ofNullable));
    }

    @Override
    public CompletionStage<Boolean> lead(String name, Duration lease) {
        return link.call(redis ->
                redis.<Long>eval(
                                LEAD,
                                ScriptOutputType.INTEGER,
                                new String[] {"lead:" + name},
                                process,
                                Long.toString(lease.toMillis()))
                        .thenApply(one -> one == 1));
    }

    private static String hash(String name) {
        return "shares:" + name;
    }

    private static String key(String name) {
        return "shared:" + name;
    }
}
