package dev.millrace.storage.cassandra;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Sends statements, a bounded number at a time, and waits for their answers, for a bounded time.
///
/// For any number of threads; they may be virtual ones, but not those of the driver.
final class Requests {

    /// A row to write.
    ///
    /// @param fragment what it comes from; null for what comes from none or several
    record Write(@Nullable Fragment fragment, BoundStatement row) {}

    private final CqlSession session;
    private final int maxInFlight;
    private final Duration timeout;
    private final Semaphore room;
    private final Counter sent;
    private final Counter failed;

    Requests(CqlSession session, int maxInFlight, Duration timeout, MeterRegistry meters) {
        this.session = session;
        this.maxInFlight = maxInFlight;
        this.timeout = timeout;
        this.room = new Semaphore(maxInFlight);
        this.sent = meters.counter("millrace.store.cassandra.requests");
        this.failed = meters.counter("millrace.store.cassandra.requests.failed");
    }

    /// Has the requests that wait for an answer shown, of these and no others.
    void watch(MeterRegistry meters) {
        Gauge.builder("millrace.store.cassandra.in.flight", this, Requests::inFlight)
                .register(meters);
    }

    private double inFlight() {
        return maxInFlight - room.availablePermits();
    }

    /// Every row of an answer, however many pages it has.
    List<Row> rows(String what, BoundStatement statement) {
        var rows = new ArrayList<Row>();
        eachPage(what, statement, page -> page.currentPage().forEach(rows::add));
        return rows;
    }

    /// Hands out an answer page by page.
    void eachPage(String what, BoundStatement statement, Consumer<AsyncResultSet> each) {
        var page = await(what, first(what, statement));
        each.accept(page);
        while (page.hasMorePages()) {
            page = next(what, page);
            each.accept(page);
        }
    }

    /// The first page, which the caller need not wait for at once.
    CompletableFuture<AsyncResultSet> first(String what, BoundStatement statement) {
        return send(what, () -> session.executeAsync(statement));
    }

    /// The page after one that [AsyncResultSet#hasMorePages()].
    AsyncResultSet next(String what, AsyncResultSet page) {
        return await(what, send(what, page::fetchNextPage));
    }

    /// Writes all of them; after a failure no more are sent.
    ///
    /// A batch that can never be written as it is, is written row by row instead: either the row to
    /// blame is found, and its fragment named, or only all of them together were too much.
    void write(List<Batch> batches) {
        var refused = writeAcceptable(batches);
        var rows = refused.stream().flatMap(batch -> batch.single().stream()).toList();
        if (!rows.isEmpty()) {
            var _ = writeAcceptable(rows);
        }
    }

    /// @return those of several rows that can never be written as they are
    private List<Batch> writeAcceptable(List<Batch> batches) {
        var answers = new ArrayList<CompletableFuture<AsyncResultSet>>(batches.size());
        var failure = new AtomicReference<@Nullable Throwable>();
        @Nullable StoreException cutOff = null;
        for (var batch : batches) {
            if (failure.get() != null) {
                break;
            }
            try {
                answers.add(
                        send("write", () -> session.executeAsync(batch.statement()))
                                .whenComplete((_, e) -> {
                                    if (e != null && !isRefused(batch, Failures.of("write", e))) {
                                        failure.compareAndSet(null, e);
                                    }
                                }));
            } catch (StoreException e) {
                cutOff = naming(batch, e);
                break;
            }
        }
        var refused = new ArrayList<Batch>();
        for (int i = 0; i < answers.size(); i++) {
            var batch = batches.get(i);
            try {
                await("write", answers.get(i));
            } catch (StoreException e) {
                if (!isRefused(batch, e)) {
                    throw naming(batch, e);
                }
                refused.add(batch);
            }
        }
        if (cutOff != null) {
            throw cutOff;
        }
        return refused;
    }

    private static boolean isRefused(Batch batch, StoreException e) {
        return batch.hasSeveral() && e.kind() == Kind.INVALID_REQUEST;
    }

    private static StoreException naming(Batch batch, StoreException e) {
        var fragment = batch.hasSeveral() ? null : batch.rows().getFirst().fragment();
        return fragment == null || e.kind() != Kind.INVALID_REQUEST
                ? e
                : new StoreException(
                        e.kind(), "fragment " + fragment.id() + ": " + e.getMessage(), e);
    }

    private CompletableFuture<AsyncResultSet> send(
            String what, Supplier<CompletionStage<AsyncResultSet>> request) {
        try {
            if (!room.tryAcquire(patienceNanos(), NANOSECONDS)) {
                throw new StoreException(
                        Kind.OVER_CAPACITY,
                        what + ": " + maxInFlight + " requests wait for an answer already");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, what + ": interrupted", e);
        }
        sent.increment();
        try {
            return request.get()
                    .toCompletableFuture()
                    .whenComplete((_, e) -> {
                        room.release();
                        if (e != null) {
                            failed.increment();
                        }
                    });
        } catch (RuntimeException e) {
            room.release();
            failed.increment();
            throw Failures.of(what, e);
        }
    }

    /// The answer, or its failure as the store tells it.
    <T> T await(String what, CompletableFuture<T> answer) {
        try {
            return answer.get(patienceNanos(), NANOSECONDS);
        } catch (ExecutionException e) {
            throw Failures.of(what, e);
        } catch (TimeoutException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE, what + ": no answer within " + timeout.multipliedBy(2), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, what + ": interrupted", e);
        }
    }

    /// What another thread has come to, which waits for bounded times only.
    static <T> T result(String what, Future<T> work) {
        try {
            return work.get();
        } catch (ExecutionException e) {
            throw Failures.of(what, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, what + ": interrupted", e);
        }
    }

    // The driver gives up after the time-out; this only bounds what it may do on top.
    private long patienceNanos() {
        return timeout.multipliedBy(2).toNanos();
    }
}
