package dev.millrace.verification;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.load.SpanIdentity;
import dev.millrace.load.Truth;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Asks the instances of a store in turn, all the time, for what they have answered before.
///
/// A trace is known once some instance has returned it whole, and from a few seconds after that on
/// every instance must: that is how far a standby may be behind. A range that was searched when all
/// was well must give the same traces ever after, and no names may be missing.
///
/// Safe for threads.
final class LookupWatch implements AutoCloseable {

    /// What is asked.
    enum Kind {
        TRACE,
        SEARCH,
        SERVICES,
        FIGURES
    }

    /// One question.
    ///
    /// @param atNanos when it was asked, by [System#nanoTime()]
    /// @param failure why the answer was not as it should be; null when it was
    /// @param remark what the answer said it may lack; empty for nothing
    record Asked(
            long atNanos,
            String instance,
            Kind kind,
            Duration took,
            @Nullable String failure,
            String remark) {}

    private record Known(TraceId traceId, Set<SpanIdentity> spans, long since) {}

    private static final int ASKERS = 3;
    private static final Duration BETWEEN = Duration.ofMillis(30);
    private static final Duration LEARN_EVERY = Duration.ofSeconds(3);
    private static final Duration SETTLED_AFTER = Duration.ofSeconds(5);
    private static final Duration TIMEOUT = Duration.ofSeconds(25);
    private static final int LEARN_AT_ONCE = 30;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final Path truthFile;
    private final long seed;
    private final Map<String, URI> instances = new ConcurrentHashMap<>();
    private final List<Known> known = new CopyOnWriteArrayList<>();
    private final Set<TraceId> knownIds = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicInteger turn = new AtomicInteger();
    private final List<Thread> threads = new ArrayList<>();
    private volatile @Nullable Fixed fixed;

    /// What was found when all was well.
    private record Fixed(String search, Set<String> traces, Set<String> services) {}

    /// @param truthFile of the load that is being sent
    /// @param seed of which traces are asked for
    LookupWatch(Path truthFile, long seed) {
        this.truthFile = truthFile;
        this.seed = seed;
    }

    void start() {
        threads.add(Thread.ofPlatform().daemon().name("learn").start(this::learn));
        for (int i = 0; i < ASKERS; i++) {
            long own = seed * ASKERS + i;
            threads.add(Thread.ofPlatform().daemon().name("ask-" + i).start(() -> ask(own)));
        }
    }

    /// Asks an instance from now on.
    void include(String name, URI query) {
        instances.put(name, query);
    }

    /// Does not ask it any more; what is under way with it counts no more.
    void exclude(String name) {
        instances.remove(name);
    }

    int knownTraces() {
        return known.size();
    }

    /// Every question since a moment.
    List<Asked> since(long nanos) {
        return asked.stream().filter(one -> one.atNanos() - nanos >= 0).toList();
    }

    /// Takes what a range has now for what it has to have, and names with it.
    ///
    /// @return how many traces that are
    int fix(URI query, long startNanos, long endNanos) throws IOException, InterruptedException {
        String search = "/v1/search?limit=200&start=" + startNanos + "&end=" + endNanos;
        var found = traces(json(get(query.resolve(search))));
        var services = services(json(get(query.resolve("/v1/services"))));
        fixed = new Fixed(search, found, services);
        return found.size();
    }

    private void ask(long own) {
        var random = new Random(own);
        try {
            for (int i = 0; !closing.await(BETWEEN.toMillis(), TimeUnit.MILLISECONDS); i++) {
                var names = new TreeSet<>(instances.keySet()).stream().toList();
                if (names.isEmpty() || known.isEmpty()) {
                    continue;
                }
                String name = names.get(Math.floorMod(turn.getAndIncrement(), names.size()));
                var query = instances.get(name);
                if (query != null) {
                    ask(name, query, kind(i), random);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static Kind kind(int i) {
        return switch (i % 12) {
            case 3, 9 -> Kind.SEARCH;
            case 5 -> Kind.SERVICES;
            case 11 -> Kind.FIGURES;
            default -> Kind.TRACE;
        };
    }

    private void ask(String name, URI query, Kind kind, Random random) throws InterruptedException {
        long began = System.nanoTime();
        var remark = new StringBuilder();
        String failure;
        try {
            failure =
                    switch (kind) {
                        case TRACE -> askForTrace(query, random, remark);
                        case SEARCH -> search(query, remark);
                        case SERVICES -> askForServices(query, remark);
                        case FIGURES -> askForFigures(query, remark);
                    };
        } catch (IOException | RuntimeException e) {
            failure = e.toString();
        }
        var took = Duration.ofNanos(System.nanoTime() - began);
        // One that was killed meanwhile owes no answer.
        if (query.equals(instances.get(name))) {
            asked.add(new Asked(began, name, kind, took, failure, remark.toString()));
        }
    }

    private @Nullable String askForTrace(URI query, Random random, StringBuilder remark)
            throws IOException, InterruptedException {
        long settled = System.nanoTime() - SETTLED_AFTER.toNanos();
        var one = known.get(random.nextInt(known.size()));
        if (one.since - settled > 0) {
            one = known.getFirst();
        }
        var response = get(query.resolve("/v1/traces/" + one.traceId));
        remark.append(remark(response));
        if (response.statusCode() != 200) {
            return "trace " + one.traceId + ": " + failure(response);
        }
        var spans = identities(OtlpDecoder.spans(Slice.of(response.body())));
        var distinct = new HashSet<>(spans);
        if (distinct.size() != spans.size()) {
            return "trace " + one.traceId + ": a span twice";
        }
        if (!distinct.containsAll(one.spans)) {
            return "trace "
                    + one.traceId
                    + ": "
                    + distinct.size()
                    + " spans (expected: "
                    + one.spans.size()
                    + ")";
        }
        return null;
    }

    private @Nullable String search(URI query, StringBuilder remark)
            throws IOException, InterruptedException {
        var expected = fixed;
        if (expected == null) {
            return null;
        }
        var response = get(query.resolve(expected.search));
        remark.append(remark(response));
        if (response.statusCode() != 200) {
            return "search: " + failure(response);
        }
        var missing = new TreeSet<>(expected.traces);
        missing.removeAll(traces(json(response)));
        return missing.isEmpty()
                ? null
                : "search: " + missing.size() + " missing of " + expected.traces.size();
    }

    private @Nullable String askForServices(URI query, StringBuilder remark)
            throws IOException, InterruptedException {
        var expected = fixed;
        if (expected == null) {
            return null;
        }
        var response = get(query.resolve("/v1/services"));
        remark.append(remark(response));
        if (response.statusCode() != 200) {
            return "services: " + failure(response);
        }
        var missing = new TreeSet<>(expected.services);
        missing.removeAll(services(json(response)));
        return missing.isEmpty() ? null : "services: missing " + missing;
    }

    private @Nullable String askForFigures(URI query, StringBuilder remark)
            throws IOException, InterruptedException {
        var response = get(query.resolve("/v1/dependencies"));
        remark.append(remark(response));
        return response.statusCode() == 200 ? null : "figures: " + failure(response);
    }

    private static String failure(HttpResponse<byte[]> response) {
        return "status "
                + response.statusCode()
                + " "
                + new String(response.body(), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static String remark(HttpResponse<byte[]> response) {
        return response.headers().firstValue("Millrace-Partial").orElse("");
    }

    private static Set<String> traces(JsonNode answer) {
        var ids = new HashSet<String>();
        answer.path("traces").forEach(trace -> ids.add(trace.path("traceId").asText()));
        return ids;
    }

    private static Set<String> services(JsonNode answer) {
        var names = new HashSet<String>();
        answer.path("services").forEach(name -> names.add(name.asText()));
        return names;
    }

    private static JsonNode json(HttpResponse<byte[]> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException(failure(response));
        }
        return JSON.readTree(response.body());
    }

    private HttpResponse<byte[]> get(URI uri) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(uri)
                        .header(
                                "Accept",
                                uri.getPath().startsWith("/v1/traces/")
                                        ? "application/x-protobuf"
                                        : "application/json")
                        .timeout(TIMEOUT)
                        .build(),
                BodyHandlers.ofByteArray());
    }

    private static List<SpanIdentity> identities(List<Span> spans) {
        return spans.stream().map(SpanIdentity::of).toList();
    }

    /// Looks again and again for traces that some instance returns as they were sent.
    private void learn() {
        var random = new Random(seed);
        Set<TraceId> before = Set.of();
        try {
            while (!closing.await(LEARN_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    var truth = Truth.read(truthFile);
                    learn(truth, before, random);
                    before = Set.copyOf(truth.traceIds());
                } catch (IOException | RuntimeException e) {
                    System.out.println("  nothing learnt: " + e);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void learn(Truth truth, Set<TraceId> sent, Random random) {
        var names = instances.values().stream().toList();
        var candidates =
                new ArrayList<>(sent.stream().filter(id -> !knownIds.contains(id)).toList());
        for (int i = 0; i < LEARN_AT_ONCE && !candidates.isEmpty() && !names.isEmpty(); i++) {
            var traceId = candidates.remove(random.nextInt(candidates.size()));
            var query = names.get(i % names.size());
            var stored = found(query, traceId);
            if (stored.isPresent()
                    && truth.compare(List.of(traceId), _ -> stored).isClean()
                    && knownIds.add(traceId)) {
                known.add(
                        new Known(
                                traceId,
                                Set.copyOf(identities(stored.get().spans())),
                                System.nanoTime()));
            }
        }
    }

    private Optional<Trace> found(URI query, TraceId traceId) {
        try {
            var response = get(query.resolve("/v1/traces/" + traceId));
            return response.statusCode() == 200
                    ? Optional.of(new Trace(traceId, OtlpDecoder.spans(Slice.of(response.body()))))
                    : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        closing.countDown();
        for (var thread : threads) {
            try {
                thread.join(TIMEOUT.plusSeconds(5));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
        http.close();
    }
}
