package dev.millrace.collector;

import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.SinkException;
import dev.millrace.pipeline.SpanSink;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/// A sink with a memory: keeps what it took over and answers as it was told.
final class FakeSpanSink implements SpanSink {

    private final List<TraceChunk> taken = new ArrayList<>();
    private final List<Tenant> tenants = new ArrayList<>();
    private final Queue<Answer> answers = new ArrayDeque<>();
    private int asked;
    private final AtomicInteger sampledOut = new AtomicInteger();

    /// What the sink will say once, and when it was asked.
    record Answer(CompletableFuture<Void> given, CompletableFuture<Void> asked) {}

    @Override
    public CompletableFuture<Void> accept(Tenant tenant, List<TraceChunk> chunks) {
        Answer answer;
        synchronized (this) {
            asked++;
            answer = answers.poll();
        }
        if (answer == null) {
            take(tenant, chunks);
            return CompletableFuture.completedFuture(null);
        }
        answer.asked().complete(null);
        return answer.given().thenRun(() -> take(tenant, chunks));
    }

    @Override
    public CompletableFuture<Void> sampledOut(Tenant tenant, int spans) {
        sampledOut.addAndGet(spans);
        return CompletableFuture.completedFuture(null);
    }

    /// How many spans were accounted for without having come here.
    int sampledOut() {
        return sampledOut.get();
    }

    private synchronized void take(Tenant tenant, List<TraceChunk> chunks) {
        tenants.add(tenant);
        taken.addAll(chunks);
    }

    /// The next request waits until the test completes the answer.
    synchronized Answer holdNext() {
        var answer = new Answer(new CompletableFuture<>(), new CompletableFuture<>());
        answers.add(answer);
        return answer;
    }

    /// The next request is turned away.
    void refuseNext(SinkException.Kind kind, Duration retryAfter) {
        holdNext()
                .given()
                .completeExceptionally(new SinkException(kind, "the log is slow", retryAfter));
    }

    synchronized int asked() {
        return asked;
    }

    synchronized List<Span> spans() {
        return taken.stream().flatMap(chunk -> OtlpDecoder.spans(chunk.body()).stream()).toList();
    }

    /// The trace of each chunk.
    synchronized List<TraceId> traceIds() {
        return taken.stream().map(TraceChunk::traceId).toList();
    }

    List<String> spanNames() {
        return spans().stream().map(Span::name).toList();
    }

    /// Whose requests were taken over, in their order.
    synchronized List<Tenant> tenants() {
        return List.copyOf(tenants);
    }

    synchronized void forget() {
        tenants.clear();
        taken.clear();
        answers.clear();
        asked = 0;
    }
}
