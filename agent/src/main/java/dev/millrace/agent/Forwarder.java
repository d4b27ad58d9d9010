package dev.millrace.agent;

import dev.millrace.agent.Lanes.Lane;
import dev.millrace.agent.spool.Haul;
import dev.millrace.agent.spool.Packing;
import dev.millrace.pipeline.SinkException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Decides what goes to a collector now, what goes to disk, and what comes back from there.
///
/// Fresh spans go straight to a collector as long as one takes them. Where none does, or none in
/// time, they go to disk, and those who sent them are told that they are taken when they are there.
/// Whatever lies on disk follows in its order, one piece at a time, in its own lane beside the
/// fresh ones. Where there is no disk to be had, fresh spans wait for their patience, and are then
/// refused, to be sent again.
///
/// Spans of a tenant that is ahead of its rate are refused as the collector refuses them, at once,
/// to be sent again: they take no room from those of others, in memory or on disk.
///
/// Everything happens on one thread, the loop's: calls must come from there. Nothing here waits.
final class Forwarder {

    private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);

    static final int MOST_HAUL = 1 << 20;
    // What a collector has to hold when it is unpacked, far below what each takes at a time.
    static final int MOST_HAUL_SIZE = 4 << 20;
    private static final int LEAST_HAUL = 32 << 10;
    private static final int MOST_KEPT_AT_ONCE = 4 << 20;
    private static final int MOST_FAILURES = 5;
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final long IDLE = Duration.ofSeconds(1).toNanos();

    private final Link link;
    private final @Nullable SpoolKeeper spool;
    private final Packing packing;
    private final int concurrency;
    private final long patience;
    private final Lanes lanes = new Lanes(MOST_HAUL);
    private final Pacer pacer;
    private final AgentMetrics metrics;
    private final LongSupplier nanoTime;
    private final Executor loop;

    private final Deque<Shipment> fresh = new ArrayDeque<>();
    private final Deque<Shipment> toKeep = new ArrayDeque<>();
    private int freshOnTheWay;
    private boolean keeping;
    private boolean fetching;
    private boolean haulOnTheWay;
    private long fetchAfter;
    private @Nullable Haul haul;
    private int haulBytes = MOST_HAUL;
    private Haul.@Nullable Place failedAt;
    private int failures;
    private int single;
    private String lastReason = "no collector was asked yet";
    private boolean away;

    /// @param spool null for none
    /// @param loop runs what answers bring, one thing at a time
    Forwarder(
            AgentConfig config,
            Link link,
            @Nullable SpoolKeeper spool,
            AgentMetrics metrics,
            LongSupplier nanoTime,
            Executor loop) {
        this.link = link;
        this.spool = spool;
        this.packing = config.packing();
        this.concurrency = config.concurrency();
        this.patience = config.patience().toNanos();
        this.pacer = new Pacer(config.bandwidth().bytes(), nanoTime.getAsLong());
        this.metrics = metrics;
        this.nanoTime = nanoTime;
        this.loop = loop;
        fetchAfter = nanoTime.getAsLong();
    }

    /// Takes charge of fresh spans.
    void ship(Shipment shipment) {
        fresh.add(shipment);
    }

    /// Does what can be done, and says when there may be more, nanoseconds from now.
    long step() {
        long now = nanoTime.getAsLong();
        leaveForDisk(now);
        keep();
        fetch(now);
        send(now);
        return untilNext(now);
    }

    /// Whether all that was shipped has found its end.
    boolean isIdle() {
        return fresh.isEmpty() && toKeep.isEmpty() && freshOnTheWay == 0 && !keeping;
    }

    /// Why the last request that did not arrive did not.
    String lastReason() {
        return lastReason;
    }

    /// Stops waiting for collectors: what is not on its way goes to disk or back.
    void hurry() {
        var keeper = spool;
        boolean usable = keeper != null && keeper.isUsable();
        for (var shipment = fresh.poll(); shipment != null; shipment = fresh.poll()) {
            if (usable) {
                toKeep.add(shipment);
            } else {
                refuse(shipment);
            }
        }
        keep();
    }

    private void leaveForDisk(long now) {
        var keeper = spool;
        boolean usable = keeper != null && keeper.isUsable();
        boolean closed = !link.isOpen(now);
        for (Iterator<Shipment> waiting = fresh.iterator(); waiting.hasNext(); ) {
            var shipment = waiting.next();
            boolean outOfPatience = now - shipment.since() >= patience;
            long held = link.heldFor(shipment.parcel().tenant(), now);
            if (held > 0) {
                waiting.remove();
                overRate(shipment, "not asked again yet", Duration.ofNanos(held));
            } else if (usable && (closed || outOfPatience)) {
                waiting.remove();
                toKeep.add(shipment);
            } else if (outOfPatience) {
                waiting.remove();
                refuse(shipment);
            }
        }
    }

    private static void overRate(Shipment shipment, String reason, Duration after) {
        shipment.refused(
                new SinkException(
                        SinkException.Kind.OVER_CAPACITY,
                        "tenant "
                                + shipment.parcel().tenant()
                                + ": ahead of its rate at the collectors ("
                                + reason
                                + ")",
                        after));
    }

    private void refuse(Shipment shipment) {
        var keeper = spool;
        shipment.refused(
                new SinkException(
                        SinkException.Kind.UNAVAILABLE,
                        "no collector takes spans ("
                                + lastReason
                                + ") and they cannot be kept ("
                                + (keeper == null
                                        ? "spool.enabled is false"
                                        : keeper.trouble().orElse("the spool is closing"))
                                + ")",
                        SOON));
    }

    // Those that gather while the disk is busy are written together.
    private void keep() {
        var keeper = spool;
        if (keeper == null || keeping || toKeep.isEmpty()) {
            return;
        }
        var batch = new ArrayList<Shipment>();
        long bytes = 0;
        while (!toKeep.isEmpty() && (batch.isEmpty() || bytes < MOST_KEPT_AT_ONCE)) {
            var shipment = toKeep.remove();
            bytes += shipment.parcel().body().length();
            batch.add(shipment);
        }
        keeping = true;
        var _ =
                keeper.keep(batch.stream().map(Shipment::parcel).toList())
                        .whenCompleteAsync((_, failure) -> kept(batch, failure), loop);
    }

    private void kept(List<Shipment> batch, @Nullable Throwable failure) {
        keeping = false;
        batch.forEach(shipment -> {
            if (failure == null) {
                shipment.taken();
            } else {
                refuse(shipment);
            }
        });
        keep();
    }

    private void fetch(long now) {
        var keeper = spool;
        // What is given out cannot grow too old, so it is only taken when it can leave.
        if (keeper == null
                || haul != null
                || fetching
                || !keeper.hasBacklog()
                || now - fetchAfter < 0
                || !link.isOpen(now)) {
            return;
        }
        fetching = true;
        var _ =
                keeper.haul(single > 0 ? 1 : haulBytes, MOST_HAUL_SIZE)
                        .whenCompleteAsync(
                                (fetched, failure) -> {
                                    fetching = false;
                                    if (failure == null) {
                                        haul = fetched.orElse(null);
                                    } else {
                                        // A disk that cannot be read is not asked again and again.
                                        fetchAfter = nanoTime.getAsLong() + IDLE;
                                    }
                                    var _ = step();
                                },
                                loop);
    }

    private void send(long now) {
        while (true) {
            boolean freshWaits = !fresh.isEmpty() && freshOnTheWay < concurrency;
            var ready = haul;
            boolean spooledWaits = ready != null && !haulOnTheWay;
            if ((!freshWaits && !spooledWaits) || !link.isOpen(now) || pacer.delay(now) > 0) {
                return;
            }
            long length = ready == null ? 0 : ready.parcel().body().length();
            if (ready != null
                    && spooledWaits
                    && lanes.turn(freshWaits, true, length) == Lane.SPOOLED) {
                lanes.sent(Lane.SPOOLED, length, freshWaits);
                pacer.sent(length);
                sendSpooled(ready, now);
            } else {
                var shipment = fresh.remove();
                long bytes = shipment.parcel().body().length();
                lanes.sent(Lane.FRESH, bytes, spooledWaits);
                pacer.sent(bytes);
                sendFresh(shipment, now);
            }
        }
    }

    private void sendFresh(Shipment shipment, long now) {
        freshOnTheWay++;
        var _ =
                link.send(shipment.parcel(), now)
                        .thenAcceptAsync(answer -> answered(shipment, answer), loop);
    }

    private void answered(Shipment shipment, Answer answer) {
        freshOnTheWay--;
        note(answer);
        switch (answer) {
            case Answer.Taken(var rejected, _) -> {
                metrics.forwarded(Lane.FRESH, shipment.parcel().spans(), rejected);
                shipment.taken();
            }
            // In front of those that came later; its patience sends it to disk.
            case Answer.Later _ -> fresh.addFirst(shipment);
            case Answer.OverRate(var reason, var after) -> overRate(shipment, reason, after);
            case Answer.Failed _ -> keepOrRefuse(shipment);
            case Answer.Refused(var reason) -> refusedForGood(shipment, reason);
        }
        var _ = step();
    }

    private void keepOrRefuse(Shipment shipment) {
        var keeper = spool;
        if (keeper != null && keeper.isUsable()) {
            toKeep.add(shipment);
        } else {
            refuse(shipment);
        }
    }

    // One client's spans may spoil those of others, so each goes alone then.
    private void refusedForGood(Shipment shipment, String reason) {
        var parts = shipment.parts();
        if (parts.size() == 1) {
            shipment.refused(
                    new SinkException(
                            SinkException.Kind.TOO_LARGE,
                            "the collector refuses these spans: " + reason,
                            Duration.ZERO));
            return;
        }
        for (int i = parts.size() - 1; i >= 0; i--) {
            fresh.addFirst(Shipment.of(List.of(parts.get(i)), packing, shipment.since()));
        }
    }

    private void sendSpooled(Haul sent, long now) {
        haulOnTheWay = true;
        var _ =
                link.send(sent.parcel(), now)
                        .thenAcceptAsync(answer -> answered(sent, answer), loop);
    }

    private void answered(Haul sent, Answer answer) {
        haulOnTheWay = false;
        haul = null;
        note(answer);
        switch (answer) {
            case Answer.Taken(var rejected, _) -> {
                metrics.forwarded(Lane.SPOOLED, sent.parcel().spans(), rejected);
                haulBytes = Math.min(MOST_HAUL, 2 * haulBytes);
                gone(sent);
            }
            case Answer.Later _ -> {
                // Less has a better chance on a thin link.
                haulBytes = Math.max(LEAST_HAUL, haulBytes / 2);
                back(sent);
            }
            // Those of others that lie behind them wait as well; fresh ones of others do not.
            case Answer.OverRate(_, var after) -> {
                fetchAfter = nanoTime.getAsLong() + after.toNanos();
                back(sent);
            }
            case Answer.Failed(var reason) -> {
                failures = sent.from().equals(failedAt) ? failures + 1 : 1;
                failedAt = sent.from();
                if (failures < MOST_FAILURES) {
                    back(sent);
                } else {
                    spooledRefused(sent, reason);
                }
            }
            case Answer.Refused(var reason) -> spooledRefused(sent, reason);
        }
        var _ = step();
    }

    private void spooledRefused(Haul sent, String reason) {
        if (sent.parcels() > 1) {
            single = sent.parcels();
            back(sent);
            return;
        }
        metrics.refused(sent.parcel().spans());
        LOG.atError()
                .addKeyValue("spans", sent.parcel().spans())
                .addKeyValue("error", reason)
                .log("A collector refuses spans that were on disk for good; they are given up");
        gone(sent);
    }

    private void gone(Haul sent) {
        single = Math.max(0, single - 1);
        letGo(sent, true);
    }

    private void back(Haul sent) {
        letGo(sent, false);
    }

    private void letGo(Haul sent, boolean done) {
        var keeper = spool;
        if (keeper == null) {
            throw new IllegalStateException("haul: without a spool (expected: none)");
        }
        // Nothing else is fetched before the disk knows.
        fetching = true;
        var _ =
                (done ? keeper.done(sent) : keeper.release(sent))
                        .whenCompleteAsync(
                                (_, _) -> {
                                    fetching = false;
                                    var _ = step();
                                },
                                loop);
    }

    // Said once when it begins and once when it is over.
    private void note(Answer answer) {
        switch (answer) {
            case Answer.Later(var reason, _) -> missed(reason);
            case Answer.Failed(var reason) -> missed(reason);
            case Answer.Refused _ -> {}
            case Answer.Taken _, Answer.OverRate _ -> {
                if (away) {
                    away = false;
                    LOG.atInfo().log("Collectors take spans again");
                }
            }
        }
    }

    private void missed(String reason) {
        lastReason = reason;
        if (!away) {
            away = true;
            LOG.atWarn().addKeyValue("error", reason).log("No collector takes spans");
        }
    }

    private long untilNext(long now) {
        var keeper = spool;
        boolean waits = !fresh.isEmpty() || haul != null || (keeper != null && keeper.hasBacklog());
        if (!waits) {
            return IDLE;
        }
        long wait = link.isOpen(now) ? pacer.delay(now) : Math.max(1, link.untilOpen(now));
        wait = wait == 0 ? IDLE : wait;
        var first = fresh.peek();
        if (first != null) {
            wait = Math.min(wait, Math.max(1, first.since() + patience - now));
        }
        return Math.min(wait, IDLE);
    }
}
