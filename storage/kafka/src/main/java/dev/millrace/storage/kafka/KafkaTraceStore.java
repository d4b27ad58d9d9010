package dev.millrace.storage.kafka;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.storage.kafka.Gathering.Part;
import dev.millrace.storage.kafka.MergedPage.Share;
import dev.millrace.storage.kafka.Partitions.Held;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The store that instances make together, each with some partitions of the topics it is built on;
/// any of them answers for all.
///
/// A question about one trace goes to whoever has its partition, all others go to everybody who has
/// one. When an instance fails or is silent, a standby is asked. What a standby may not have yet is
/// told to whoever asks through [#tolerating(Consumer)], and counted; a partition that nobody
/// answers for makes the question fail for all others, and is named. No answer of a standby is one
/// to be kept, see [#forKeeping(Runnable)].
///
/// Nothing is written here: the topics are what is kept. Safe for threads.
public final class KafkaTraceStore implements TraceStore, DependencyStore {

    private final @Nullable PartitionedTopic traces;
    private final @Nullable PartitionedTopic dependencies;
    private final PeerConfig config;
    private final Scatter scatter;
    private final PeerMeters meters;
    private final Asker asker;

    /// Who asks.
    ///
    /// @param partial whether those who can say so get answers that lack partitions
    /// @param gaps is told what an answer lacks; null for those who cannot say so
    /// @param unfit is run of an answer that is not to be kept
    private record Asker(boolean partial, @Nullable Consumer<String> gaps, Runnable unfit) {

        private static final Asker ANYBODY = new Asker(true, null, () -> {});

        boolean mayLack() {
            return partial && gaps != null;
        }

        void tell(String gap) {
            if (gaps != null) {
                gaps.accept(gap);
            }
        }
    }

    /// @param traces null where none are kept
    /// @param dependencies null where no figures of services are kept
    /// @param self this instance, as others know it
    /// @param client asks the others; it stays the caller's to close, after this
    KafkaTraceStore(
            @Nullable PartitionedTopic traces,
            @Nullable PartitionedTopic dependencies,
            Peer self,
            PeerConfig config,
            PeerClient client,
            MeterRegistry registry) {
        this(traces, dependencies, self, config, client, new PeerMeters(registry));
    }

    private KafkaTraceStore(
            @Nullable PartitionedTopic traces,
            @Nullable PartitionedTopic dependencies,
            Peer self,
            PeerConfig config,
            PeerClient client,
            PeerMeters meters) {
        this(
                traces,
                dependencies,
                config,
                new Scatter(self, client, config.hedgeAfter(), meters),
                meters,
                Asker.ANYBODY);
    }

    private KafkaTraceStore(
            @Nullable PartitionedTopic traces,
            @Nullable PartitionedTopic dependencies,
            PeerConfig config,
            Scatter scatter,
            PeerMeters meters,
            Asker asker) {
        this.traces = traces;
        this.dependencies = dependencies;
        this.config = config;
        this.scatter = scatter;
        this.meters = meters;
        this.asker = asker;
    }

    @Override
    public TraceStore tolerating(Consumer<String> gaps) {
        return with(new Asker(asker.partial(), gaps, asker.unfit()));
    }

    @Override
    public TraceStore forKeeping(Runnable unfit) {
        return with(new Asker(asker.partial(), asker.gaps(), unfit));
    }

    /// The same store where no partition may be missing from an answer, whoever asks.
    public KafkaTraceStore ofWholeAnswers() {
        return with(new Asker(false, asker.gaps(), asker.unfit()));
    }

    private KafkaTraceStore with(Asker other) {
        return new KafkaTraceStore(traces, dependencies, config, scatter, meters, other);
    }

    /// Refuses: what is to be found here is written to the topic, by a collector.
    @Override
    public void write(List<Fragment> fragments) {
        if (!fragments.isEmpty()) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "write: the store is built on the topic "
                            + traces().name()
                            + " (expected: spans sent to a collector that writes to it)");
        }
    }

    @Override
    public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
        return ofTrace(traceId, new TraceQuestion(tenant, traceId), asker);
    }

    /// Pieces are read while an answer is under way, when it is too late to say that something is
    /// missing. So it is not said of them.
    @Override
    public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
        return ofTrace(traceId, new PieceQuestion(tenant, traceId, from), Asker.ANYBODY);
    }

    @Override
    public TraceVersion version(Tenant tenant, TraceId traceId) {
        return ofTrace(traceId, new VersionQuestion(tenant, traceId), asker);
    }

    // Of one partition there is an answer or none: nothing of it can be missing.
    private <A> A ofTrace(TraceId traceId, Question<A> question, Asker by) {
        var traces = traces();
        int count = count(traces);
        var parts =
                ask(
                        traces,
                        count,
                        question,
                        List.of(traces.placement().partition(traceId, count)),
                        Deadline.in(config.patience()),
                        by);
        return parts.getFirst().answer();
    }

    @Override
    public SearchPage search(Tenant tenant, TraceSearch search) {
        var traces = traces();
        int count = count(traces);
        var deadline = Deadline.in(config.patience());
        return new MergedPage(
                        search.limit(),
                        (partitions, after) ->
                                ask(
                                                traces,
                                                count,
                                                new SearchQuestion(
                                                        tenant, search.page(search.limit(), after)),
                                                partitions,
                                                deadline,
                                                asker)
                                        .stream()
                                        .map(part ->
                                                new Share(
                                                        part.partitions().keySet(), part.answer()))
                                        .toList())
                .of(PartitionedTopic.numbers(count), search.after());
    }

    @Override
    public List<String> services(Tenant tenant) {
        return ServicesQuestion.sorted(answers(new ServicesQuestion(tenant)));
    }

    @Override
    public List<Operation> operations(Tenant tenant, String service) {
        return ServicesQuestion.sorted(answers(new OperationsQuestion(tenant, service)));
    }

    private <A> List<A> answers(Question<A> question) {
        var traces = traces();
        int count = count(traces);
        return ask(
                        traces,
                        count,
                        question,
                        PartitionedTopic.numbers(count),
                        Deadline.in(config.patience()),
                        asker)
                .stream()
                .map(Part::answer)
                .toList();
    }

    /// In the partitions that are here; each instance sees to its own. One that fails does not keep
    /// the others from it.
    @Override
    public Expired expire(Instant horizon) {
        int tooOld = 0;
        int tooMuch = 0;
        StoreException failure = null;
        for (var store : here()) {
            try {
                var expired = store.expire(horizon);
                tooOld += expired.tooOld();
                tooMuch += expired.tooMuch();
            } catch (StoreException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return new Expired(tooOld, tooMuch);
    }

    private List<TraceStore> here() {
        return Stream.of(Optional.ofNullable(traces), Optional.ofNullable(dependencies))
                .flatMap(Optional::stream)
                .map(PartitionedTopic::partitions)
                .flatMap(partitions ->
                        PartitionedTopic.numbers(partitions.count()).stream()
                                .map(partitions::here)
                                .flatMap(Optional::stream))
                .map(Held::store)
                .toList();
    }

    /// Refuses: figures are counted from their topic.
    @Override
    public void writeDependencies(List<DependencyMinute> minutes) {
        if (!minutes.isEmpty()) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "write dependencies: the figures kept here are counted from a topic (expected:"
                            + " an aggregator that writes to it)");
        }
    }

    @Override
    public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
        var topic = dependencies;
        if (topic == null) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED, "dependencies: no figures of services are kept here");
        }
        int count = count(topic);
        var deadline = Deadline.in(config.patience());
        var found = new ArrayList<DependencyMinute>();
        gather(topic, count, tenant, from, to, PartitionedTopic.numbers(count), deadline, found);
        return List.copyOf(found);
    }

    private void gather(
            PartitionedTopic topic,
            int count,
            Tenant tenant,
            long from,
            long to,
            Collection<Integer> partitions,
            Deadline deadline,
            List<DependencyMinute> found) {
        var question = new DependenciesQuestion(tenant, from, to);
        for (var part : ask(topic, count, question, partitions, deadline, asker)) {
            found.addAll(part.answer().minutes());
            var next = part.answer().next();
            if (next.isPresent()) {
                gather(
                        topic,
                        count,
                        tenant,
                        next.get(),
                        to,
                        part.partitions().keySet(),
                        deadline,
                        found);
            }
        }
    }

    private PartitionedTopic traces() {
        var topic = traces;
        if (topic == null) {
            throw new StoreException(Kind.NOT_SUPPORTED, "traces: none are kept here");
        }
        return topic;
    }

    private static int count(PartitionedTopic topic) {
        int count = topic.partitions().count();
        if (count == 0) {
            throw new StoreException(
                    Kind.UNAVAILABLE,
                    topic.name()
                            + ": nobody knows yet how many partitions there are, since the store is"
                            + " starting; ask again in a moment");
        }
        return count;
    }

    private <A> List<Part<A>> ask(
            PartitionedTopic topic,
            int count,
            Question<A> question,
            Collection<Integer> partitions,
            Deadline deadline,
            Asker by) {
        var gathered = scatter.ask(topic, count, question, partitions, deadline);
        var missing = gathered.missing();
        if (!missing.isEmpty()) {
            meters.missing(question, missing.size());
            var sentence = GapText.missing(topic.name(), missing);
            if (!by.mayLack() || gathered.parts().isEmpty()) {
                throw new StoreException(Kind.UNAVAILABLE, sentence);
            }
            by.tell(sentence);
            by.unfit().run();
        }
        int byStandbys = 0;
        for (var part : gathered.parts()) {
            byStandbys +=
                    (int)
                            part.partitions().values().stream()
                                    .filter(each -> !each.active())
                                    .count();
        }
        if (byStandbys > 0) {
            meters.answeredByStandbys(question, byStandbys);
            GapText.behind(topic.name(), gathered.parts()).ifPresent(by::tell);
            // Also one that was not behind when last looked: that is a while ago.
            by.unfit().run();
        }
        return gathered.parts();
    }

    /// Takes no more questions. Idempotent.
    @Override
    public void close() {
        scatter.close();
    }
}
