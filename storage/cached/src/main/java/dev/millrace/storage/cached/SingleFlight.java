package dev.millrace.storage.cached;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Has one of those who want the same thing at once go for it, while the others wait for what he
/// brings, be it a failure.
///
/// They wait for a bounded time, and who comes after that time goes himself: one who never comes
/// back holds up nobody for good. Safe for threads.
final class SingleFlight<T> {

    /// What was brought.
    ///
    /// @param afterwards what is left to do when those who wait have the answer; who asks meanwhile
    ///   is given it as well
    record Landing<T>(T answer, Runnable afterwards) {

        static <T> Landing<T> of(T answer) {
            return new Landing<>(answer, () -> {});
        }
    }

    private static final class Flight<T> {
        private final long began;
        private final CompletableFuture<T> answer = new CompletableFuture<>();

        private Flight(long began) {
            this.began = began;
        }
    }

    private final ConcurrentHashMap<String, Flight<T>> flights = new ConcurrentHashMap<>();
    private final Duration patience;
    private final LongSupplier nanos;

    /// @param patience how long anybody waits for another
    /// @param nanos a clock that never steps back
    SingleFlight(Duration patience, LongSupplier nanos) {
        this.patience = patience;
        this.nanos = nanos;
    }

    /// What is wanted under a name.
    ///
    /// @param go run in the calling thread, unless somebody else is under way
    /// @param joined run if so
    T fly(String name, Supplier<Landing<T>> go, Runnable joined) {
        var own = new Flight<T>(nanos.getAsLong());
        var flight =
                flights.merge(name, own, (present, mine) -> isOverdue(present) ? mine : present);
        if (flight != own) {
            joined.run();
            return await(name, flight);
        }
        try {
            var landing = go.get();
            own.answer.complete(landing.answer());
            landing.afterwards().run();
            return landing.answer();
        } catch (RuntimeException e) {
            own.answer.completeExceptionally(e);
            throw e;
        } finally {
            flights.remove(name, own);
            if (!own.answer.isDone()) {
                own.answer.completeExceptionally(
                        new StoreException(Kind.BUG, name + ": an error in another's thread"));
            }
        }
    }

    private boolean isOverdue(Flight<T> flight) {
        return nanos.getAsLong() - flight.began > patience.toNanos();
    }

    private T await(String name, Flight<T> flight) {
        try {
            return flight.answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof StoreException known
                    ? new StoreException(known.kind(), String.valueOf(known.getMessage()), known)
                    : new StoreException(Kind.BUG, name + ": " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new StoreException(
                    Kind.UNAVAILABLE,
                    name + ": asked for before, without an answer within " + patience,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, name + ": interrupted while waiting", e);
        }
    }

    /// Leaves those under way alone with those who wait for them already: who comes from now on
    /// goes anew.
    void forget(String name) {
        flights.remove(name);
    }
}
