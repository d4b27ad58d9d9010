package dev.millrace.query;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Who calls whom, and how operations fare over time: what the aggregator counted of all traces,
/// and not only of those that are stored.
///
/// Figures are kept by the minute; both ends of a range are widened to whole ones. The newest
/// minutes are read first, for a bounded time.
final class FiguresApi {

    private static final long MINUTE = 60_000_000_000L;
    private static final long HOUR = 60 * MINUTE;
    private static final long LONGEST = Duration.ofDays(31).toNanos();

    /// Minutes that are read at once, a bound on what is held of single minutes.
    private static final long SLICE = 60;

    private static final int MOST_LINKS = 10_000;
    private static final int MOST_SERIES = 1_000;
    private static final int USUAL_POINTS = 60;
    private static final int MOST_POINTS = 1_500;
    private static final Set<String> LINK_PARAMETERS = Set.of("start", "end", "service");
    private static final Set<String> RED_PARAMETERS =
            Set.of("start", "end", "step", "service", "operation", "kind", "by");

    private static final Comparator<Dependency> BY_ENDS =
            Comparator.comparing(Dependency::caller)
                    .thenComparing(Dependency::callee)
                    .thenComparing(Dependency::connection);
    private static final Comparator<Operation> BY_NAME =
            Comparator.comparing(Operation::service)
                    .thenComparing(Operation::name)
                    .thenComparing(Operation::kind);

    private final TraceStore store;
    private final InstantSource clock;
    private final Duration patience;
    private final LongSupplier ticker;

    /// Whole minutes since the epoch.
    ///
    /// @param to the one after the last
    private record Minutes(long from, long to) {

        private static Minutes of(TimeRange range) {
            return new Minutes(range.startNanos() / MINUTE, range.endNanos() / MINUTE + 1);
        }

        private void writeTo(JsonGenerator json) throws IOException {
            json.writeStringField("start", instant(from).toString());
            json.writeStringField("end", instant(to).toString());
        }

        private static Instant instant(long minute) {
            return Instant.ofEpochSecond(minute * 60);
        }
    }

    /// @param clock tells where a range ends that does not say
    /// @param patience how long figures may be read for one answer
    /// @param ticker nanoseconds of any clock that only goes forward
    FiguresApi(TraceStore store, InstantSource clock, Duration patience, LongSupplier ticker) {
        this.store = store;
        this.clock = clock;
        this.patience = patience;
        this.ticker = ticker;
    }

    void bind(Endpoint.Routes routes) {
        routes.get("/v1/dependencies", "dependencies", this::dependencies);
        routes.get("/v1/red", "red", this::red);
    }

    private Answer dependencies(Parameters parameters) {
        parameters.allowOnly(LINK_PARAMETERS, Set.of());
        var minutes = minutes(parameters);
        var service = parameters.text("service");
        var gaps = new Gaps();
        var links = new TreeMap<Dependency, Figures>(BY_ENDS);
        read(
                parameters,
                minutes,
                gaps,
                entry -> {
                    if (entry.series() instanceof Dependency link
                            && service.map(name -> isEnd(name, link)).orElse(true)) {
                        if (links.containsKey(link) || links.size() < MOST_LINKS) {
                            links.merge(link, entry.figures().copy(), FiguresApi::sum);
                        } else {
                            gaps.accept("there are more than " + MOST_LINKS + " links");
                        }
                    }
                });
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            minutes.writeTo(json);
                            json.writeArrayFieldStart("links");
                            for (var link : links.entrySet()) {
                                json.writeStartObject();
                                json.writeStringField("caller", link.getKey().caller());
                                json.writeStringField("callee", link.getKey().callee());
                                json.writeStringField(
                                        "connection", link.getKey().connection().word());
                                write(json, link.getValue());
                                json.writeEndObject();
                            }
                            json.writeEndArray();
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    private static boolean isEnd(String service, Dependency link) {
        return link.caller().equals(service) || link.callee().equals(service);
    }

    private Answer red(Parameters parameters) {
        parameters.allowOnly(RED_PARAMETERS, Set.of());
        var minutes = minutes(parameters);
        long step = step(parameters, minutes);
        var service = parameters.text("service");
        var operation = parameters.text("operation");
        var kind = parameters.kind("kind");
        boolean byService = isByService(parameters);
        var gaps = new Gaps();
        var series = new TreeMap<Operation, TreeMap<Long, Figures>>(BY_NAME);
        read(
                parameters,
                minutes,
                gaps,
                entry -> {
                    if (entry.series() instanceof Operation of
                            && service.map(of.service()::equals).orElse(true)
                            && operation.map(of.name()::equals).orElse(true)
                            && kind.map(of.kind()::equals).orElse(true)) {
                        var in = byService ? new Operation(of.service(), "", of.kind()) : of;
                        if (series.containsKey(in) || series.size() < MOST_SERIES) {
                            series.computeIfAbsent(in, _ -> new TreeMap<>())
                                    .merge(
                                            entry.minute() - Math.floorMod(entry.minute(), step),
                                            entry.figures().copy(),
                                            FiguresApi::sum);
                        } else {
                            gaps.accept("there are more than " + MOST_SERIES + " series");
                        }
                    }
                });
        return Answer.json(
                        json -> {
                            json.writeStartObject();
                            minutes.writeTo(json);
                            json.writeNumberField("stepSeconds", step * 60);
                            json.writeArrayFieldStart("series");
                            for (var one : series.entrySet()) {
                                write(json, one.getKey(), byService, one.getValue());
                            }
                            json.writeEndArray();
                            gaps.writeTo(json);
                            json.writeEndObject();
                        })
                .lacking(gaps.reasons());
    }

    /// Whether the operations of a service are taken together; those of each kind by themselves,
    /// for what it answers and what it asks of others are different things.
    private static boolean isByService(Parameters parameters) {
        return parameters
                .read(
                        "by",
                        "service or operation",
                        text ->
                                switch (text) {
                                    case "service" -> Optional.of(true);
                                    case "operation" -> Optional.of(false);
                                    default -> Optional.empty();
                                })
                .orElse(false);
    }

    private static void write(
            JsonGenerator json, Operation of, boolean byService, Map<Long, Figures> points)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("service", of.service());
        if (!byService) {
            json.writeStringField("operation", of.name());
        }
        json.writeStringField("kind", of.kind().name().toLowerCase(Locale.ROOT));
        json.writeArrayFieldStart("points");
        for (var point : points.entrySet()) {
            json.writeStartObject();
            json.writeStringField("time", Minutes.instant(point.getKey()).toString());
            write(json, point.getValue());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Figures figures) throws IOException {
        var durations = figures.durations();
        json.writeNumberField("seen", figures.seen());
        writeCount(json, "calls", figures.calls());
        writeCount(json, "errors", figures.errors());
        json.writeStringField("p50Nanos", Long.toString(durations.quantile(0.5)));
        json.writeStringField("p95Nanos", Long.toString(durations.quantile(0.95)));
        json.writeStringField("p99Nanos", Long.toString(durations.quantile(0.99)));
    }

    // A fraction only where weights behind a head sampler make one.
    private static void writeCount(JsonGenerator json, String name, double count)
            throws IOException {
        if (count == Math.rint(count)) {
            json.writeNumberField(name, (long) count);
        } else {
            json.writeNumberField(name, count);
        }
    }

    private Minutes minutes(Parameters parameters) {
        var range = TimeRange.upTo(clock.instant(), HOUR, parameters);
        if (range.endNanos() - range.startNanos() > LONGEST) {
            throw QueryException.invalid(
                    "start",
                    parameters.text("start").orElse(""),
                    "at most 31 days before end, " + parameters.text("end").orElse("now"));
        }
        return Minutes.of(range);
    }

    /// In minutes.
    private static long step(Parameters parameters, Minutes minutes) {
        long length = minutes.to() - minutes.from();
        long least = Math.ceilDiv(length, MOST_POINTS);
        return parameters
                .read("step", expectedStep(least), text -> step(text, least))
                .orElse(Math.ceilDiv(length, USUAL_POINTS));
    }

    private static String expectedStep(long least) {
        return "whole minutes, such as 5m, and at least " + least + "m for this range";
    }

    private static Optional<Long> step(String text, long least) {
        return DurationText.parseNanos(text)
                .filter(nanos -> nanos % MINUTE == 0)
                .map(nanos -> nanos / MINUTE)
                .filter(minutes -> minutes >= least && minutes >= 1);
    }

    private void read(Parameters parameters, Minutes minutes, Gaps gaps, Consumer<Entry> into) {
        if (!(store.tolerating(gaps) instanceof DependencyStore kept)) {
            throw new StoreException(
                    StoreException.Kind.NOT_SUPPORTED,
                    "the store keeps no figures of services (expected: one that does)");
        }
        long begin = ticker.getAsLong();
        for (long to = minutes.to(); to > minutes.from(); to -= SLICE) {
            if (ticker.getAsLong() - begin >= patience.toNanos()) {
                gaps.accept(
                        "what is older than "
                                + Minutes.instant(to)
                                + " was not read within "
                                + patience);
                return;
            }
            long from = Math.max(minutes.from(), to - SLICE);
            kept.dependencies(parameters.tenant(), from, to)
                    .forEach(minute -> minute.entries().forEach(into));
        }
    }

    private static Figures sum(Figures one, Figures other) {
        one.add(other);
        return one;
    }
}
