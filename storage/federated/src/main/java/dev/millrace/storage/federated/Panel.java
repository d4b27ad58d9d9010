package dev.millrace.storage.federated;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// The members of a federation, and the threads they are asked on.
///
/// A question that nobody waits for any more goes on until its store lets it go, as an interrupt
/// could close files that other reads share. So that a store that hangs does not gather threads, so
/// many questions may be with one member and no more.
final class Panel implements AutoCloseable {

    private static final int MOST_AT_ONE_MEMBER = 64;
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final List<Seat> seats;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("federated-", 0).factory());

    /// A member and its place in the order of members.
    static final class Seat {

        private final int number;
        private final Member member;
        private final Semaphore places = new Semaphore(MOST_AT_ONE_MEMBER);

        private Seat(int number, Member member) {
            this.number = number;
            this.member = member;
        }

        /// 0 for the first.
        int number() {
            return number;
        }

        String name() {
            return member.name();
        }

        TraceStore store() {
            return member.store();
        }
    }

    Panel(List<Member> members) {
        var taken = new ArrayList<Seat>();
        members.forEach(member -> taken.add(new Seat(taken.size(), member)));
        this.seats = List.copyOf(taken);
    }

    List<Seat> seats() {
        return seats;
    }

    /// Puts a question to a member, and does not wait for the answer.
    ///
    /// @param nanos how long to wait for a place in its queue
    /// @throws StoreException when there is none, or this is closed
    <T> Future<T> ask(Seat seat, Function<TraceStore, T> question, long nanos)
            throws InterruptedException {
        if (!seat.places.tryAcquire(Math.max(0, nanos), TimeUnit.NANOSECONDS)) {
            throw new StoreException(
                    Kind.OVER_CAPACITY,
                    MOST_AT_ONE_MEMBER + " questions are with it, as many as there may be");
        }
        boolean asked = false;
        try {
            var answer =
                    threads.submit(() -> {
                        try {
                            return question.apply(seat.store());
                        } finally {
                            seat.places.release();
                        }
                    });
            asked = true;
            return answer;
        } finally {
            if (!asked) {
                seat.places.release();
            }
        }
    }

    /// Takes no more questions and waits a moment for those that are out. Idempotent.
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
