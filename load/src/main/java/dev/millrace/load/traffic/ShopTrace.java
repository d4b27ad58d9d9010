package dev.millrace.load.traffic;

import dev.millrace.load.traffic.Operation.Entry;
import dev.millrace.load.traffic.Operation.Step;
import dev.millrace.model.Attributes;
import dev.millrace.model.Link;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// One trace through the shop, played in imagined time.
///
/// Every step moves a cursor of nanoseconds since the trace began; the result is turned into spans
/// that end at a time of the caller's choice. Not safe for threads.
final class ShopTrace {

    /// A message sent for readers outside this trace.
    record Published(String topic, Link link) {}

    /// When something ended and whether it went well.
    private record Outcome(long endNanos, Optional<Failure> failure) {
        static Outcome good(long endNanos) {
            return new Outcome(endNanos, Optional.empty());
        }
    }

    /// @param status as HTTP has it, 0 where nothing was answered
    private record Failure(String type, String message, int status) {}

    private static final double NANOS_PER_MILLI = 1e6;
    private static final long CALL_TIMEOUT_NANOS = 5_000_000_000L;
    private static final double OUTLIER_RATE = 0.004;
    private static final double MISSING_RATE = 0.015;

    private final Fleet fleet;
    private final SplittableRandom random;
    private final TraceId traceId;
    private final Sayings sayings;
    private final List<Draft> drafts = new ArrayList<>();
    private final List<Published> published = new ArrayList<>();

    ShopTrace(Fleet fleet, SplittableRandom random) {
        this.fleet = fleet;
        this.random = random;
        this.traceId = new TraceId(random.nextLong(), random.nextLong() | 1);
        this.sayings = new Sayings(random);
    }

    /// Plays an operation that begins the trace.
    void play(Operation operation) {
        serve(operation, null, 0, 1);
    }

    /// Plays a consumer that reads a batch of messages other traces have sent.
    void playBatch(Operation consumer, List<Published> batch) {
        var instance = fleet.pick(consumer.service(), random);
        var draft = entry(consumer, instance, null, 0, batch.size());
        batch.forEach(message -> draft.link(message.link()));
        run(consumer, draft, 0);
    }

    /// Plays an operation whose steps go on until the trace has so many spans.
    void playGiant(Operation operation, int leastSpans) {
        var instance = fleet.pick(operation.service(), random);
        var draft = entry(operation, instance, null, 0, 1);
        long at = latency(operation.millis());
        while (drafts.size() < leastSpans) {
            for (var step : operation.steps()) {
                at = take(step, draft, at).endNanos();
            }
        }
        draft.endNanos = at;
    }

    /// The trace as spans, the last of which ends at `endNanos` by a true clock.
    List<Span> spans(long endNanos) {
        long last = drafts.stream().mapToLong(draft -> draft.endNanos).max().orElse(0);
        String traceState = (traceId.low() & 0x70) == 0 ? "shop=edge-" + (traceId.low() & 7) : "";
        return drafts.stream()
                .map(draft -> draft.span(traceId, traceState, endNanos - last))
                .toList();
    }

    /// Messages for readers outside this trace, in the order they were sent.
    List<Published> published() {
        return published;
    }

    private Outcome serve(
            Operation operation, @Nullable Draft parent, long startNanos, int messages) {
        var instance = fleet.pick(operation.service(), random);
        return run(operation, entry(operation, instance, parent, startNanos, messages), startNanos);
    }

    private Outcome run(Operation operation, Draft draft, long startNanos) {
        long own = latency(operation.millis()) / (operation.steps().size() + 1);
        long at = startNanos + own;
        Optional<Failure> failure = Optional.empty();
        for (var step : operation.steps()) {
            var outcome = take(step, draft, at);
            at = outcome.endNanos() + own;
            failure = outcome.failure();
            if (failure.isPresent()) {
                break;
            }
        }
        if (failure.isEmpty() && random.nextDouble() < operation.errorRate()) {
            var cause = operation.service().platform();
            failure =
                    Optional.of(
                            new Failure(
                                    cause.exception,
                                    operation.service().name() + ": " + sayings.complaint(),
                                    500));
            draft.event(at - own / 2, "exception", sayings.exception(operation.service()));
        }
        draft.endNanos = at;
        finish(operation, draft, failure);
        return new Outcome(at, failure);
    }

    private Outcome take(Step step, Draft within, long at) {
        return switch (step) {
            case Step.Call(Operation target, int tries, boolean optional) -> {
                var outcome = call(target, tries, within, at);
                yield optional ? Outcome.good(outcome.endNanos()) : outcome;
            }
            case Step.Query query -> query(query, within, at);
            case Step.Publish publish -> publish(publish, within, at);
            case Step.Work(String name, double millis) -> {
                var draft = draft(within.instance, within, SpanKind.INTERNAL, name, at);
                draft.endNanos = at + latency(millis);
                draft.words
                        .put("code.function.name", "shop." + name.replace(' ', '_'))
                        .put("thread.id", 20L + random.nextInt(60));
                yield Outcome.good(draft.endNanos);
            }
            case Step.Together(List<Step> steps) -> {
                long end = at;
                Optional<Failure> failure = Optional.empty();
                for (var each : steps) {
                    var outcome = take(each, within, at + random.nextInt(200_000));
                    end = Math.max(end, outcome.endNanos());
                    failure = failure.or(outcome::failure);
                }
                yield new Outcome(end, failure);
            }
            case Step.Maybe(double probability, Step maybe) ->
                    random.nextDouble() < probability ? take(maybe, within, at) : Outcome.good(at);
            case Step.Repeat(int least, int most, Step repeated) -> {
                var outcome = Outcome.good(at);
                for (int i = random.nextInt(least, most + 1); i > 0; i--) {
                    outcome = take(repeated, within, outcome.endNanos());
                    if (outcome.failure().isPresent()) {
                        break;
                    }
                }
                yield outcome;
            }
        };
    }

    private Outcome call(Operation target, int tries, Draft within, long startNanos) {
        var outcome = attempt(target, within, startNanos, 0);
        for (int retry = 1; retry < tries && outcome.failure().isPresent(); retry++) {
            long backOff = (long) ((20 + random.nextInt(80)) * NANOS_PER_MILLI) << (retry - 1);
            within.event(
                    outcome.endNanos(),
                    "retry",
                    new Words().put("peer.service", target.service().name()).put("retry", retry));
            outcome = attempt(target, within, outcome.endNanos() + backOff, retry);
        }
        return outcome;
    }

    private Outcome attempt(Operation target, Draft within, long startNanos, int retry) {
        var draft = draft(within.instance, within, SpanKind.CLIENT, "", startNanos);
        long there = latency(0.35);
        var outcome = serve(target, draft, startNanos + there, 1);
        var failure = outcome.failure();
        draft.endNanos = outcome.endNanos() + latency(0.35);
        if (draft.endNanos - startNanos > CALL_TIMEOUT_NANOS) {
            // The caller hangs up; the callee works on, so the child outlives its parent.
            draft.endNanos = startNanos + CALL_TIMEOUT_NANOS;
            failure = Optional.of(new Failure("timeout", "no answer in 5 s", 0));
        }
        sayings.client(draft, target, failure.map(Failure::status).orElse(200), retry);
        failure.ifPresent(it -> {
            draft.words.put("error.type", it.status() == 0 ? it.type() : "" + it.status());
            draft.fail(it.status() == 0 ? it.message() : "");
        });
        return new Outcome(
                draft.endNanos,
                failure.map(it ->
                        new Failure(
                                it.type(),
                                target.service().name() + " failed",
                                it.status() == 0 ? 504 : 502)));
    }

    private Outcome query(Step.Query query, Draft within, long startNanos) {
        var store = query.store();
        var draft =
                draft(
                        within.instance,
                        within,
                        SpanKind.CLIENT,
                        query.verb() + " " + query.collection(),
                        startNanos);
        draft.endNanos = startNanos + latency(store.millis());
        sayings.query(draft, query);
        if (random.nextDouble() >= 0.0004) {
            return Outcome.good(draft.endNanos);
        }
        draft.words.put("error.type", "connection_lost");
        draft.fail(store.address() + ": connection lost");
        return new Outcome(
                draft.endNanos,
                Optional.of(new Failure("connection_lost", store.address() + " lost", 503)));
    }

    private Outcome publish(Step.Publish publish, Draft within, long startNanos) {
        var draft =
                draft(
                        within.instance,
                        within,
                        SpanKind.PRODUCER,
                        "send " + publish.topic(),
                        startNanos);
        draft.endNanos = startNanos + latency(1.6);
        sayings.produce(draft, publish.topic());
        if (publish.consumers().isEmpty()) {
            published.add(new Published(publish.topic(), link(draft)));
        }
        for (var consumer : publish.consumers()) {
            serve(consumer, draft, draft.endNanos + latency(25), 1);
        }
        return Outcome.good(draft.endNanos);
    }

    private Draft entry(
            Operation operation,
            Instance instance,
            @Nullable Draft parent,
            long startNanos,
            int messages) {
        var draft =
                switch (operation.entry()) {
                    case Entry.Http(String method, String route) ->
                            draft(
                                    instance,
                                    parent,
                                    SpanKind.SERVER,
                                    method + " " + route,
                                    startNanos);
                    case Entry.Rpc(String service, String method) ->
                            draft(
                                    instance,
                                    parent,
                                    SpanKind.SERVER,
                                    service + "/" + method,
                                    startNanos);
                    case Entry.Message(String topic) ->
                            draft(
                                    instance,
                                    parent,
                                    SpanKind.CONSUMER,
                                    "process " + topic,
                                    startNanos);
                    case Entry.Job(String name) ->
                            draft(instance, parent, SpanKind.INTERNAL, name, startNanos);
                };
        if (operation.entry() instanceof Entry.Message && parent != null) {
            draft.link(link(parent));
        }
        sayings.server(draft, operation, parent == null, messages);
        return draft;
    }

    private void finish(Operation operation, Draft draft, Optional<Failure> failure) {
        int good =
                operation.entry() instanceof Entry.Http(String method, String route)
                                && method.equals("GET")
                                && route.endsWith("{id}")
                                && random.nextDouble() < MISSING_RATE
                        ? 404
                        : 200;
        sayings.answer(draft, operation, failure.map(Failure::status).orElse(good));
        failure.ifPresent(it -> {
            draft.words.put("error.type", it.type());
            draft.fail(it.message());
        });
    }

    private Link link(Draft to) {
        return new Link(traceId, to.id, "", 1, Attributes.EMPTY, 0);
    }

    private Draft draft(
            Instance instance,
            @Nullable Draft parent,
            SpanKind kind,
            String name,
            long startNanos) {
        Scope scope =
                switch (kind) {
                    case SERVER, CONSUMER -> instance.server();
                    case CLIENT, PRODUCER -> instance.client();
                    case INTERNAL, UNSPECIFIED -> instance.own();
                };
        // Setting one bit keeps the id from being all zero.
        var id = new SpanId(random.nextLong() | 1L << 40);
        var draft = new Draft(instance, id, parent, kind, scope, name, startNanos);
        drafts.add(draft);
        return draft;
    }

    // Log-normal about the median, and now and then from a Pareto tail up to some hundred times it.
    private long latency(double medianMillis) {
        double millis = medianMillis * StrictMath.exp(0.45 * random.nextGaussian());
        if (random.nextDouble() < OUTLIER_RATE) {
            millis *= Math.min(400, 8 / StrictMath.sqrt(1 - random.nextDouble()));
        }
        return (long) (millis * NANOS_PER_MILLI) + 1;
    }
}
