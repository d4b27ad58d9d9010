package dev.millrace.storage.kafka;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.kafka.AskingPlan.Ask;
import dev.millrace.storage.kafka.AskingPlan.Missing;
import dev.millrace.storage.kafka.Gathering.Part;
import dev.millrace.storage.kafka.PeerMeters.Outcome;
import dev.millrace.storage.kafka.Place.Here;
import dev.millrace.storage.kafka.Place.There;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Puts questions to instances, all at once, and gathers what they say before a deadline.
///
/// What is asked of whom is [AskingPlan]'s to say. Safe for threads.
final class Scatter implements AutoCloseable {

    private static final Duration AGAIN_AFTER = Duration.ofMillis(50);

    /// Who has left in good order is known by then to be gone; that one is dead takes far longer.
    private static final Duration LEAVING = Duration.ofSeconds(1);

    private final Peer self;
    private final PeerClient client;
    private final HeldPartitions held = new HeldPartitions();
    private final Duration hedgeAfter;
    private final PeerMeters meters;

    /// @param self this instance, as others know it
    /// @param client asks the others; it stays the caller's to close
    /// @param hedgeAfter how long an instance may be silent before another one is asked too
    Scatter(Peer self, PeerClient client, Duration hedgeAfter, PeerMeters meters) {
        this.self = self;
        this.client = client;
        this.hedgeAfter = hedgeAfter;
        this.meters = meters;
    }

    /// Asks for some partitions of a topic.
    ///
    /// One that nobody has is on its way from one instance to another, as long as those that were
    /// asked for it are there: it is asked for again until it has arrived, for a bounded time. So
    /// is one of an instance that cannot be reached, for as long as it may just have left.
    ///
    /// @param count how many there are
    /// @throws StoreException when an instance says what any other would say too, such as that a
    ///   trace is too large
    <A> Gathering<A> ask(
            PartitionedTopic topic,
            int count,
            Question<A> question,
            Collection<Integer> partitions,
            Deadline deadline) {
        var parts = new ArrayList<Part<A>>();
        var handover = least(topic.partitions().handover(), deadline.patience().dividedBy(2));
        long begin = System.nanoTime();
        Collection<Integer> left = partitions;
        while (true) {
            var round = new Round<>(topic, count, question, left, deadline);
            var gathering = round.run();
            parts.addAll(gathering.parts());
            var patience =
                    round.isOnItsWay(gathering.missing()) ? handover : least(LEAVING, handover);
            if (!round.mayBeElsewhere(gathering.missing())
                    || System.nanoTime() - begin >= patience.toNanos()) {
                return new Gathering<>(parts, gathering.missing());
            }
            left = gathering.missing().stream().map(Missing::partition).toList();
            LockSupport.parkNanos(AGAIN_AFTER.toNanos());
        }
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    @Override
    public void close() {
        held.close();
    }

    /// Something that has happened to an ask.
    ///
    /// @param reply null when there is none
    /// @param failure null when there is a reply
    private record Event<A>(Ask ask, @Nullable Reply<A> reply, @Nullable Throwable failure) {}

    /// One question, from beginning to end; on the thread that wants to know.
    private final class Round<A> {

        private final PartitionedTopic topic;
        private final int count;
        private final Question<A> question;
        private final Deadline deadline;
        private final AskingPlan plan;
        private final long begin = System.nanoTime();
        private final BlockingQueue<Event<A>> events = new LinkedBlockingQueue<>();
        private final Map<Ask, Inquiry<A>> open = new HashMap<>();
        private final List<Part<A>> parts = new ArrayList<>();
        private final Set<Integer> lacking = new HashSet<>();
        private final Set<Integer> unreached = new HashSet<>();

        Round(
                PartitionedTopic topic,
                int count,
                Question<A> question,
                Collection<Integer> partitions,
                Deadline deadline) {
            this.topic = topic;
            this.count = count;
            this.question = question;
            this.deadline = deadline;
            this.plan =
                    new AskingPlan(
                            partitions,
                            partition -> topic.places(partition, self),
                            hedgeAfter.toNanos());
        }

        Gathering<A> run() {
            try {
                put(plan.begin(elapsed()));
                while (!plan.settled()) {
                    await();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                throw new StoreException(Kind.UNAVAILABLE, "interrupted");
            } finally {
                open.forEach((ask, inquiry) -> {
                    inquiry.giveUp().run();
                    count(ask, Outcome.ABANDONED);
                });
            }
            return new Gathering<>(parts, plan.missing());
        }

        /// Whether somebody who does answer does not have one of those, or nobody is known to.
        boolean isOnItsWay(List<Missing> missing) {
            return missing.stream()
                    .anyMatch(each ->
                            each.failures().isEmpty() || lacking.contains(each.partition()));
        }

        /// Whether one of those is on its way, or was with an instance that is not there.
        boolean mayBeElsewhere(List<Missing> missing) {
            return isOnItsWay(missing)
                    || missing.stream().anyMatch(each -> unreached.contains(each.partition()));
        }

        private void await() throws InterruptedException {
            long left = deadline.nanosLeft();
            if (left <= 0) {
                plan.giveUp("gave no answer within " + deadline.patience());
                return;
            }
            var event =
                    events.poll(
                            Math.min(left, Math.max(0, plan.lookAgainAt() - elapsed())),
                            TimeUnit.NANOSECONDS);
            if (event != null) {
                open.remove(event.ask());
                take(event);
            } else {
                var more = plan.overdue(elapsed());
                meters.hedged(question, more.size());
                put(more);
            }
        }

        private void put(List<Ask> asks) {
            for (var ask : asks) {
                var inquiry = put(ask);
                open.put(ask, inquiry);
                var _ =
                        inquiry.reply()
                                .whenComplete((reply, failure) ->
                                        events.add(new Event<>(ask, reply, failure)));
            }
        }

        private Inquiry<A> put(Ask ask) {
            return switch (ask.place()) {
                case Here _ -> held.ask(topic.partitions(), ask.partitions(), question);
                case There(Peer peer) ->
                        client.ask(
                                peer,
                                topic.name(),
                                ask.partitions(),
                                question,
                                Duration.ofNanos(deadline.nanosLeft()));
            };
        }

        private void take(Event<A> event) {
            var ask = event.ask();
            var reply = event.reply();
            if (reply == null) {
                var failure = failure(event.failure());
                boolean refused = Share.isFinal(failure.kind());
                count(ask, refused ? Outcome.REFUSED : Outcome.FAILED);
                if (refused) {
                    throw failure;
                }
                if (PeerClient.isUnreached(failure)) {
                    unreached.addAll(ask.partitions());
                }
                put(plan.ended(ask, _ -> String.valueOf(failure.getMessage()), elapsed()));
                return;
            }
            reply.lacking()
                    .forEach((partition, why) -> {
                        if (why.equals(Share.NOT_HERE)) {
                            lacking.add(partition);
                        }
                    });
            var taken = new HashMap<Integer, Standing>(reply.given());
            taken.keySet().retainAll(plan.answered(ask, reply.given().keySet()));
            if (!taken.isEmpty()) {
                var answer =
                        taken.size() == reply.given().size()
                                ? reply.answer()
                                : question.only(
                                        reply.answer(),
                                        taken::containsKey,
                                        id -> topic.placement().partition(id, count));
                parts.add(new Part<>(taken, answer));
            }
            var more =
                    plan.ended(
                            ask,
                            partition -> reply.lacking().getOrDefault(partition, Share.NOT_HERE),
                            elapsed());
            count(ask, reply.lacking().isEmpty() ? Outcome.ANSWERED : Outcome.LACKING);
            put(more);
        }

        private void count(Ask ask, Outcome outcome) {
            if (ask.place() instanceof There) {
                meters.asked(question, outcome);
            }
        }

        private long elapsed() {
            return System.nanoTime() - begin;
        }
    }

    private static StoreException failure(@Nullable Throwable thrown) {
        var cause =
                thrown instanceof CompletionException completion ? completion.getCause() : thrown;
        return switch (cause) {
            case StoreException failure -> failure;
            case Error error -> throw error;
            case null, default -> new StoreException(Kind.BUG, String.valueOf(cause));
        };
    }
}
