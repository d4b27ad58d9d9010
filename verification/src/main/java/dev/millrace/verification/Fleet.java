package dev.millrace.verification;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// The processes of one role, as many as are wanted, numbered from 0 on.
///
/// They are started and stopped in order and one at a time, by a thread of their own: the newest
/// one goes first, told to end as Kubernetes tells it. The first one stays.
///
/// Safe for threads.
final class Fleet implements AutoCloseable {

    private final String role;
    private final IntFunction<MillraceProcess> maker;
    private final Deque<MillraceProcess> processes = new ArrayDeque<>();
    private final ExecutorService worker =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("fleet").factory());
    private volatile int wanted;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger stopped = new AtomicInteger();
    private volatile @Nullable MillraceProcess first;
    private volatile @Nullable Exception failure;

    /// @param maker of the process with a number, not started yet
    Fleet(String role, IntFunction<MillraceProcess> maker) {
        this.role = role;
        this.maker = maker;
    }

    /// From now on there are to be so many. Returns at once.
    void scaleTo(int count) {
        if (count != wanted) {
            wanted = count;
            worker.execute(this::adjust);
        }
    }

    private void adjust() {
        try {
            while (failure == null && running.get() != wanted) {
                if (running.get() < wanted) {
                    var process = maker.apply(running.get());
                    processes.addLast(process);
                    process.start();
                    if (first == null) {
                        first = process;
                    }
                    started.incrementAndGet();
                    running.incrementAndGet();
                } else {
                    processes.getLast().stop();
                    processes.removeLast();
                    stopped.incrementAndGet();
                    running.decrementAndGet();
                }
            }
        } catch (Exception e) {
            failure = e;
        }
    }

    /// How many there are to be.
    int wanted() {
        return wanted;
    }

    /// How many have said that they are ready and have not ended since.
    int running() {
        return running.get();
    }

    /// How many were started so far.
    int started() {
        return started.get();
    }

    /// How many were stopped so far.
    int stopped() {
        return stopped.get();
    }

    /// Sums a metric of the first process over those of its labels that have some text in them.
    ///
    /// @throws IllegalStateException when there is none, or when a process did not start or stop
    double metric(String metric, String label) throws java.io.IOException, InterruptedException {
        var failed = failure;
        if (failed != null) {
            throw new IllegalStateException(role + ": not started or not stopped", failed);
        }
        var process = first;
        if (process == null) {
            throw new IllegalStateException(role + ": none started (expected: at least one)");
        }
        return process.metric(metric, label);
    }

    @Override
    public void close() {
        worker.shutdownNow();
        processes.forEach(MillraceProcess::close);
    }
}
