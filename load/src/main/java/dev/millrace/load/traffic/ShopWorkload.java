package dev.millrace.load.traffic;

import dev.millrace.load.traffic.ShopTrace.Published;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Span;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Traffic of an online shop, as its exporters would send it.
///
/// A round holds the spans of a few traces. Each process sends its own spans, so a trace is spread
/// over several requests and a request holds pieces of many traces. Not safe for threads.
public final class ShopWorkload implements Workload {

    private static final int REQUEST_SPANS = 512;
    private static final int BATCH_EVERY = 15;
    private static final int BATCH_MESSAGES = 20;
    private static final int TOPIC_MESSAGES = 200;
    private static final long ROUND_NANOS = 400_000_000;

    private final Shop shop = new Shop();
    private final Fleet fleet;
    private final TrafficShape shape;
    private final Encoding encoding;
    private final long seed;
    private final int totalWeight;
    private final Map<String, Deque<Published>> topics = new HashMap<>();
    private long traces;

    public ShopWorkload(long seed, TrafficShape shape, Encoding encoding) {
        this.encoding = encoding;
        this.seed = seed;
        this.shape = shape;
        this.fleet = new Fleet(shop.services(), seed);
        this.totalWeight = shop.visits().stream().mapToInt(Shop.Visit::weight).sum();
    }

    @Override
    public List<Request> next(long nowNanos) {
        var round = round(nowNanos);
        // The dice of the round follow from its last trace, so that rounds repeat with the seed.
        var dice = Chance.dice(~seed, traces);
        var prompt = new ArrayList<Span>(round.size());
        var late = new ArrayList<Span>();
        var again = new ArrayList<Span>();
        for (var span : round) {
            (dice.nextDouble() < shape.lateShare() ? late : prompt).add(span);
            if (dice.nextDouble() < shape.duplicateShare()) {
                again.add(dice.nextBoolean() ? span : grown(span, dice));
            }
        }
        var requests = new ArrayList<Request>();
        for (var exported : byExporter(prompt)) {
            pack(exported, 0, requests);
        }
        // Copies go in requests of their own and may overtake what they repeat.
        pack(again, 0, requests);
        shuffle(requests, dice);
        long delay = shape.lateDelay().toNanos();
        pack(late, delay / 3 + dice.nextLong(delay - delay / 3 + 1), requests);
        return requests;
    }

    private List<Span> round(long nowNanos) {
        var spans = new ArrayList<Span>();
        while (spans.size() < shape.roundSpans()) {
            var random = Chance.dice(seed, ++traces);
            var trace = new ShopTrace(fleet, random);
            play(trace, random);
            for (var message : trace.published()) {
                var topic = topics.computeIfAbsent(message.topic(), _ -> new ArrayDeque<>());
                if (topic.size() < TOPIC_MESSAGES) {
                    topic.add(message);
                }
            }
            spans.addAll(trace.spans(nowNanos - random.nextLong(ROUND_NANOS)));
        }
        return spans;
    }

    private void play(ShopTrace trace, SplittableRandom random) {
        if (shape.giantEvery() > 0 && traces % shape.giantEvery() == 0) {
            trace.playGiant(shop.reindex(), shape.giantSpans());
            return;
        }
        if (traces % BATCH_EVERY == 0) {
            var consumer = shop.batches().get((int) (traces / BATCH_EVERY % shop.batches().size()));
            var messages = waiting(consumer);
            if (!messages.isEmpty()) {
                trace.playBatch(consumer, messages);
                return;
            }
        }
        int ticket = random.nextInt(totalWeight);
        for (var visit : shop.visits()) {
            ticket -= visit.weight();
            if (ticket < 0) {
                trace.play(visit.operation());
                return;
            }
        }
    }

    private List<Published> waiting(Operation consumer) {
        var messages = new ArrayList<Published>();
        if (consumer.entry() instanceof Operation.Entry.Message(String topic)) {
            var waiting = topics.getOrDefault(topic, new ArrayDeque<>());
            while (messages.size() < BATCH_MESSAGES && !waiting.isEmpty()) {
                messages.add(waiting.remove());
            }
        }
        return messages;
    }

    // The copy of a sender that saw the span end twice: later, and with one more attribute.
    private static Span grown(Span span, SplittableRandom dice) {
        var attributes = new ArrayList<>(span.attributes().entries());
        attributes.add(new Attribute("shop.resent", new AttributeValue.Bool(true)));
        return Span.builder(span.traceId(), span.spanId())
                .parentSpanId(span.parentSpanId())
                .traceState(span.traceState())
                .flags(span.flags())
                .name(span.name())
                .kind(span.kind())
                .time(span.startNanos(), span.endNanos() + dice.nextLong(1, 5_000_000))
                .attributes(new Attributes(attributes), span.droppedAttributes())
                .events(span.events(), span.droppedEvents())
                .links(span.links(), span.droppedLinks())
                .status(span.status())
                .resource(span.resource())
                .scope(span.scope())
                .build();
    }

    private List<List<Span>> byExporter(List<Span> spans) {
        int exporterCount = Math.max(2, (spans.size() + REQUEST_SPANS / 2) / REQUEST_SPANS);
        var exported = new ArrayList<List<Span>>(exporterCount);
        for (int i = 0; i < exporterCount; i++) {
            exported.add(new ArrayList<>());
        }
        for (var span : spans) {
            exported.get(exporter(span) % exporterCount).add(span);
        }
        return exported;
    }

    private void pack(List<Span> spans, long delayNanos, List<Request> requests) {
        // Stable, so that the spans of one process and scope share a group and keep their order.
        spans.sort(
                Comparator.<Span>comparingInt(this::exporter)
                        .thenComparing(span -> span.scope().name()));
        for (int from = 0; from < spans.size(); from += REQUEST_SPANS) {
            var part = spans.subList(from, Math.min(spans.size(), from + REQUEST_SPANS));
            var otlp = OtlpEncoder.encode(part);
            requests.add(new Request(encoding.of(otlp), () -> otlp, part.size(), delayNanos));
        }
    }

    private int exporter(Span span) {
        return fleet.number(span.resource());
    }

    private static void shuffle(List<Request> requests, SplittableRandom dice) {
        for (int i = requests.size() - 1; i > 0; i--) {
            requests.set(i, requests.set(dice.nextInt(i + 1), requests.get(i)));
        }
    }
}
