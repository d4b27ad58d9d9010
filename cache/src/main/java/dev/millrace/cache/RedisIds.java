package dev.millrace.cache;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.SetArgs;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAddArgs;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// [SharedIds] in Redis: a key `sampled:{trace id}` for each trace, and a stream by which others
/// learn of many at once.
///
/// A process that begins reads what the stream remembers, page by page, then asks for what is new.
/// A batch that could not be delivered is sent again until it is; meanwhile the queue fills, and
/// what finds no room in it is given up and counted.
public final class RedisIds implements SharedIds {

    private static final String STREAM = "sampled-ids";
    private static final int BATCH = 200;
    private static final int PAGE = 100;

    private final RedisLink link;
    private final RedisConfig config;
    private final String process;
    private final LongSupplier epochMillis;
    private final ArrayBlockingQueue<Id> queue;
    private final List<Id> batch = new ArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Counter published;
    private final Counter received;
    private final Counter dropped;
    private final Counter malformed;
    private String last = "0-0";
    private @Nullable Thread thread;

    private record Id(Tenant tenant, TraceId traceId) {
        String key() {
            return tenant.equals(Tenant.DEFAULT)
                    ? "sampled:" + traceId
                    : tenant + ":sampled:" + traceId;
        }
    }

    /// @param process names this process, unlike any other
    /// @param epochMillis a clock that agrees with Redis' within minutes
    public RedisIds(
            RedisLink link,
            RedisConfig config,
            String process,
            LongSupplier epochMillis,
            MeterRegistry registry) {
        this.link = link;
        this.config = config;
        this.process = process;
        this.epochMillis = epochMillis;
        this.queue = new ArrayBlockingQueue<>(config.maxQueuedIds());
        this.published = registry.counter("millrace.cache.ids.published");
        this.received = registry.counter("millrace.cache.ids.received");
        this.dropped = registry.counter("millrace.cache.ids.dropped");
        this.malformed = registry.counter("millrace.cache.ids.malformed");
        Gauge.builder("millrace.cache.ids.queued", queue, ArrayBlockingQueue::size)
                .register(registry);
    }

    @Override
    public synchronized void start(Listener listener) {
        if (thread == null && closing.getCount() > 0) {
            thread =
                    Thread.ofPlatform()
                            .daemon()
                            .name("millrace-shared-ids")
                            .start(() -> run(listener));
        }
    }

    @Override
    public void publish(Tenant tenant, Collection<TraceId> traceIds) {
        for (var traceId : traceIds) {
            if (!queue.offer(new Id(tenant, traceId))) {
                dropped.increment();
            }
        }
    }

    private void run(Listener listener) {
        try {
            do {
                try {
                    boolean more = true;
                    while (more && closing.getCount() > 0) {
                        // First what is one command, so that asking in vain costs little.
                        more = receive(listener);
                        more |= send();
                    }
                } catch (ExecutionException | TimeoutException _) {
                    // The link has counted it; what was not sent or read is tried again.
                }
            } while (!closing.await(config.pollInterval().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Whether there is more to send.
    private boolean send() throws InterruptedException, ExecutionException, TimeoutException {
        if (batch.isEmpty()) {
            queue.drainTo(batch, BATCH);
        }
        if (batch.isEmpty()) {
            return false;
        }
        var byTenant = new LinkedHashMap<Tenant, StringBuilder>();
        for (var id : batch) {
            byTenant.computeIfAbsent(id.tenant(), _ -> new StringBuilder()).append(id.traceId());
        }
        var fields = new HashMap<String, String>();
        byTenant.forEach((tenant, ids) -> fields.put("t:" + tenant, ids.toString()));
        fields.put("from", process);
        Duration remembered = config.rememberedFor();
        String oldest = Long.toString(epochMillis.getAsLong() - remembered.toMillis());
        CompletionStage<Boolean> sent =
                link.call(redis -> {
                    for (var id : batch) {
                        // The stream is what counts; the keys are for those who look.
                        var _ = redis.set(id.key(), "1", SetArgs.Builder.px(remembered.toMillis()));
                    }
                    var added =
                            redis.xadd(
                                    STREAM,
                                    new XAddArgs().minId(oldest).approximateTrimming(),
                                    fields);
                    return added.thenCombine(redis.pexpire(STREAM, remembered), (_, kept) -> kept);
                });
        await(sent);
        published.increment(batch.size());
        batch.clear();
        return !queue.isEmpty();
    }

    /// Whether there is more to read.
    private boolean receive(Listener listener)
            throws InterruptedException, ExecutionException, TimeoutException {
        List<StreamMessage<String, String>> page =
                await(
                        link.call(redis ->
                                redis.xrange(
                                        STREAM,
                                        Range.from(
                                                Range.Boundary.excluding(last),
                                                Range.Boundary.unbounded()),
                                        Limit.from(PAGE))));
        for (var message : page) {
            if (!process.equals(message.getBody().get("from"))) {
                hand(message.getBody(), listener);
            }
            last = message.getId();
        }
        return page.size() == PAGE;
    }

    private void hand(Map<String, String> fields, Listener listener) {
        fields.forEach((field, hex) -> {
            if (!field.startsWith("t:")) {
                return;
            }
            var ids = new ArrayList<TraceId>();
            try {
                var tenant = new Tenant(field.substring(2));
                for (int i = 0; i + 32 <= hex.length(); i += 32) {
                    ids.add(TraceId.parse(hex.substring(i, i + 32)));
                }
                listener.remember(tenant, ids);
                received.increment(ids.size());
            } catch (IllegalArgumentException e) {
                // Somebody else wrote into our stream.
                malformed.increment();
            }
        });
    }

    /// The link's calls end by themselves; the bound here is for the case that one does not.
    private <T> T await(CompletionStage<T> answer)
            throws InterruptedException, ExecutionException, TimeoutException {
        return answer.toCompletableFuture()
                .get(10 * config.timeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closing.countDown();
            running = thread;
        }
        if (running == null) {
            return;
        }
        try {
            running.join(Duration.ofMillis(500));
            if (running.isAlive()) {
                running.interrupt();
                running.join(Duration.ofMillis(500));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
