package dev.millrace.storage.kafka;

import dev.millrace.pipeline.Backoff;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.LogGate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The lives of one Kafka Streams application in this process, one after the other.
///
/// Safe for threads; begun and ended by one of them at a time.
final class StreamsLife {

    private static final Logger LOG = LoggerFactory.getLogger(StreamsLife.class);

    /// So many threads may fail within that time and be followed by others.
    private static final int MAX_REPLACED = 3;

    private static final Duration REPLACED_WITHIN = Duration.ofMinutes(1);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(20);

    private final StreamsPlan plan;
    private final KafkaClients clients;
    private final LogGate failureLog;
    private final Backoff pauses = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);

    private volatile @Nullable KafkaStreams streams;
    private volatile boolean ran;
    private volatile @Nullable String failure;

    // Guarded by this.
    private final Deque<Long> replaced = new ArrayDeque<>();
    private long due;

    StreamsLife(StreamsPlan plan, KafkaClients clients) {
        this.plan = plan;
        this.clients = clients;
        this.failureLog = new LogGate(plan.meters().clock());
    }

    /// Begins a life; the one before has ended.
    void begin() {
        var begun =
                new KafkaStreams(plan.topology().get(), StreamsSettings.of(plan.config(), clients));
        begun.setUncaughtExceptionHandler(this::afterFailure);
        begun.setStateListener((now, before) -> changed(begun, now, before));
        streams = begun;
        begun.start();
    }

    private void changed(KafkaStreams of, KafkaStreams.State now, KafkaStreams.State before) {
        if (!of.equals(streams)) {
            return;
        }
        LOG.atInfo()
                .addKeyValue("store", plan.config().application())
                .addKeyValue("before", before)
                .addKeyValue("now", now)
                .log("The store on Kafka has changed its state");
        if (now == KafkaStreams.State.RUNNING) {
            ran = true;
            failure = null;
            synchronized (this) {
                pauses.reset();
            }
        } else if (now == KafkaStreams.State.ERROR) {
            var known = failure;
            failed(known == null ? "all threads have ended" : known);
        }
    }

    private StreamThreadExceptionResponse afterFailure(Throwable thrown) {
        if (failureLog.open()) {
            LOG.atError()
                    .setCause(thrown)
                    .addKeyValue("store", plan.config().application())
                    .log("A thread of the store on Kafka has failed");
        }
        if (mayReplace()) {
            plan.meters().threadReplaced();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        }
        failure = reason(thrown);
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }

    private synchronized boolean mayReplace() {
        long now = System.nanoTime();
        while (!replaced.isEmpty() && now - replaced.getFirst() > REPLACED_WITHIN.toNanos()) {
            replaced.removeFirst();
        }
        if (replaced.size() >= MAX_REPLACED) {
            return false;
        }
        replaced.addLast(now);
        return true;
    }

    // What Kafka Streams wraps around it says only where it happened.
    private static String reason(Throwable thrown) {
        Throwable cause = thrown;
        for (var next = thrown.getCause(); next != null; next = next.getCause()) {
            cause = next;
        }
        return cause.equals(thrown) ? thrown.toString() : thrown + ": " + cause;
    }

    /// It cannot begin now, or has ended by itself; it is due again after a pause.
    void failed(RuntimeException why) {
        failed(String.valueOf(why.getMessage()));
    }

    private void failed(String reason) {
        failure = reason;
        synchronized (this) {
            due = System.nanoTime() + pauses.next().toNanos();
        }
    }

    /// Whether it has failed, and the pause after that is over.
    synchronized boolean isDue() {
        var known = streams;
        boolean over =
                known == null
                        || known.state() == KafkaStreams.State.ERROR
                        || known.state() == KafkaStreams.State.NOT_RUNNING;
        return failure != null && over && System.nanoTime() - due >= 0;
    }

    /// Ends the life there is, within a bounded time.
    ///
    /// @param leaving whether the group is to give the partitions to others at once
    void end(boolean leaving) {
        var known = streams;
        streams = null;
        if (known == null) {
            return;
        }
        var how =
                CloseOptions.groupMembershipOperation(
                                leaving
                                        ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP
                                        : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP)
                        .withTimeout(END_TIMEOUT);
        if (!known.close(how)) {
            LOG.atWarn()
                    .addKeyValue("store", plan.config().application())
                    .log("The store on Kafka did not end in time");
        }
        synchronized (this) {
            replaced.clear();
        }
    }

    StreamsRun.State state() {
        var why = failure;
        if (why != null) {
            return new StreamsRun.State.Failed(why);
        }
        var known = streams;
        if (known != null && known.state() == KafkaStreams.State.RUNNING) {
            return new StreamsRun.State.Running();
        }
        return ran ? new StreamsRun.State.Rebalancing() : new StreamsRun.State.Starting();
    }

    /// The application, while it can be asked for what it knows.
    Optional<KafkaStreams> running() {
        return Optional.ofNullable(streams).filter(known -> known.state().isRunningOrRebalancing());
    }
}
