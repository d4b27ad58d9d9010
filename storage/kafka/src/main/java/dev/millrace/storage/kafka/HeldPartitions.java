package dev.millrace.storage.kafka;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// What this instance holds, asked by itself: without a connection, and without writing anything.
///
/// A question that nobody waits for any more goes on until it has read the partition it is at, as
/// an interrupt could close files that other reads share. So that a disk that hangs does not gather
/// threads, so many questions are read at once and no more.
///
/// Safe for threads.
final class HeldPartitions implements AutoCloseable {

    private static final int MOST_AT_ONCE = 64;
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final Semaphore places = new Semaphore(MOST_AT_ONCE);
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("store-", 0).factory());

    /// Asks for some partitions, and does not wait.
    <A> Inquiry<A> ask(Partitions partitions, List<Integer> asked, Question<A> question) {
        var over = new AtomicBoolean();
        var reply = new CompletableFuture<Reply<A>>();
        if (!places.tryAcquire()) {
            reply.completeExceptionally(
                    new StoreException(
                            Kind.UNAVAILABLE,
                            "is busy with "
                                    + MOST_AT_ONCE
                                    + " questions, as many as there may be"));
            return new Inquiry<>(reply, () -> {});
        }
        try {
            threads.execute(() -> {
                try {
                    var share = new Share(partitions, asked, over::get);
                    var answer = question.answer(share);
                    reply.complete(new Reply<>(share.given(), share.lacking(), answer));
                } catch (StoreException e) {
                    reply.completeExceptionally(e);
                } catch (RuntimeException e) {
                    reply.completeExceptionally(new StoreException(Kind.BUG, e.toString(), e));
                } catch (Error e) {
                    reply.completeExceptionally(e);
                    throw e;
                } finally {
                    places.release();
                }
            });
        } catch (RejectedExecutionException e) {
            places.release();
            reply.completeExceptionally(new StoreException(Kind.UNAVAILABLE, "is closed", e));
        }
        return new Inquiry<>(reply, () -> over.set(true));
    }

    /// Takes no more questions and waits a moment for those that are being read. Idempotent.
    @Override
    public void close() {
        threads.shutdown();
        try {
            var _ = threads.awaitTermination(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
