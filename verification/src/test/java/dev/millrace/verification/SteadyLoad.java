package dev.millrace.verification;

import static dev.millrace.verification.RunningMillrace.PROTOBUF;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.TraceId;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// One sender that posts a request every few milliseconds and notes what became of each.
///
/// A request holds the first span of a new trace, the second span of one that began a second
/// before, and some failed traces.
final class SteadyLoad implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PERIOD_MILLIS = 10;
    private static final int BETWEEN_SPANS = 100;
    private static final int ERRORS = 4;

    private final ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor();
    private final RunningMillrace millrace;
    private final Random random;
    // Of the sender, until it is closed.
    private final List<TraceId> traces = new ArrayList<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private volatile int requests;
    private volatile long slowestNanos;

    SteadyLoad(RunningMillrace millrace, Random random) {
        this.millrace = millrace;
        this.random = random;
    }

    void start() {
        var _ = sender.scheduleAtFixedRate(this::next, 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void next() {
        var spans = new ArrayList<Span.Builder>();
        var traceId = new TraceId(random.nextLong() | 1, random.nextLong());
        traces.add(traceId);
        spans.add(Otlp.span(traceId, 1, "first"));
        int earlier = traces.size() - 1 - BETWEEN_SPANS;
        if (earlier >= 0) {
            spans.add(Otlp.span(traces.get(earlier), 2, "second"));
        }
        for (int i = 0; i < ERRORS; i++) {
            var failed = new TraceId(random.nextLong() | 1, random.nextLong());
            spans.add(HeadSamplingTest.failed(failed, 1));
        }
        post(spans);
        requests = traces.size();
    }

    private void post(List<Span.Builder> spans) {
        byte[] body = Otlp.request(Otlp.of("load", spans.toArray(Span.Builder[]::new)));
        long start = System.nanoTime();
        try {
            int status = millrace.post(PROTOBUF, body).statusCode();
            if (status != 200) {
                failures.add("status " + status);
            }
        } catch (IOException e) {
            failures.add(e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failures.add(e.toString());
        }
        slowestNanos = Math.max(slowestNanos, System.nanoTime() - start);
    }

    /// Waits until so many more requests were answered.
    void awaitMore(int more) {
        int before = requests;
        await().atMost(PATIENCE).until(() -> requests >= before + more);
    }

    /// Ends it after the request that is under way.
    @Override
    public void close() {
        sender.close();
    }

    /// Sends the second spans that are missing, once it is closed.
    void sendTheRest() {
        post(
                traces.subList(Math.max(0, traces.size() - BETWEEN_SPANS), traces.size()).stream()
                        .map(traceId -> Otlp.span(traceId, 2, "second"))
                        .toList());
    }

    /// The traces without errors, each of two spans.
    List<TraceId> traces() {
        return traces;
    }

    /// How many failed traces were sent.
    int errors() {
        return ERRORS * traces.size();
    }

    List<String> failures() {
        return failures;
    }

    Duration slowest() {
        return Duration.ofNanos(slowestNanos);
    }
}
