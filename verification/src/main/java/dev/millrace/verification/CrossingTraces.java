package dev.millrace.verification;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// A call every second from a service at one site to one at another, sent by each site's own way
/// until it is taken.
///
/// Safe for threads.
final class CrossingTraces implements AutoCloseable {

    private static final Duration EVERY = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration AGAIN_AFTER = Duration.ofMillis(300);
    private static final long CALLER = 1;
    private static final long CALLED = 2;

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final URI caller;
    private final URI called;
    private final SplittableRandom random;
    private final List<TraceId> taken = new CopyOnWriteArrayList<>();
    private final CountDownLatch ending = new CountDownLatch(1);
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    /// @param caller where the one site takes OTLP over HTTP
    /// @param called where the other does
    CrossingTraces(URI caller, URI called, long seed) {
        this.caller = caller;
        this.called = called;
        this.random = new SplittableRandom(seed);
    }

    void start() {
        threads.add(Thread.ofPlatform().daemon().name("crossing").start(this::run));
    }

    private void run() {
        try {
            do {
                var traceId = new TraceId(random.nextLong() | 1, random.nextLong());
                // One does not wait for the other: each site has its own troubles.
                threads.add(Thread.ofVirtual().start(() -> send(traceId)));
            } while (!ending.await(EVERY.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(TraceId traceId) {
        try {
            long now = System.currentTimeMillis() * 1_000_000;
            send(caller, span(traceId, CALLER, now));
            send(called, span(traceId, CALLED, now));
            taken.add(traceId);
        } catch (IOException e) {
            System.out.println("crossing trace " + traceId + " not taken: " + e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(URI site, Span span) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(site.resolve("/v1/traces"))
                        .header("Content-Type", "application/x-protobuf")
                        .timeout(Duration.ofSeconds(15))
                        .POST(
                                HttpRequest.BodyPublishers.ofByteArray(
                                        OtlpEncoder.encode(List.of(span)).toByteArray()))
                        .build();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String refusal;
            try {
                var answer = http.send(request, BodyHandlers.ofString());
                if (answer.statusCode() == 200) {
                    return;
                }
                refusal = answer.statusCode() + " " + answer.body();
            } catch (IOException e) {
                refusal = e.toString();
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException(refusal);
            }
            LockSupport.parkNanos(AGAIN_AFTER.toNanos());
        }
    }

    private static Span span(TraceId traceId, long id, long now) {
        boolean calls = id == CALLER;
        return Span.builder(traceId, new SpanId(id))
                .parentSpanId(calls ? null : new SpanId(CALLER))
                .name(calls ? "POST /orders" : "GET /stock")
                .kind(calls ? SpanKind.CLIENT : SpanKind.SERVER)
                .time(now - 5_000_000, now)
                .resource(
                        new Resource(
                                Attributes.of(
                                        new Attribute(
                                                "service.name",
                                                new AttributeValue.Text(
                                                        calls ? "till" : "warehouse"))),
                                0,
                                ""))
                .build();
    }

    /// Ends it as soon as all that is under way has been taken or given up.
    void end() throws InterruptedException {
        ending.countDown();
        for (var thread : threads) {
            var _ = thread.join(PATIENCE.multipliedBy(2));
        }
    }

    /// How many both sites have taken.
    int taken() {
        return taken.size();
    }

    /// Those that are not there with both their spans, each once.
    List<TraceId> incomplete(StoredTraces stored) {
        var both = Set.of(new SpanId(CALLER), new SpanId(CALLED));
        var incomplete = new ArrayList<TraceId>();
        for (var traceId : taken) {
            var spans = stored.apply(traceId).map(trace -> trace.spans()).orElse(List.of());
            var ids =
                    spans.stream().map(Span::spanId).collect(Collectors.toCollection(HashSet::new));
            if (spans.size() != both.size() || !ids.equals(both)) {
                incomplete.add(traceId);
            }
        }
        return incomplete;
    }

    @Override
    public void close() {
        ending.countDown();
        threads.forEach(Thread::interrupt);
        http.shutdownNow();
    }
}
