package dev.millrace.pipeline;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.assembly.ClosedTraces;
import dev.millrace.assembly.LogReader;
import dev.millrace.assembly.LogRecord;
import dev.millrace.assembly.TableSpace;
import dev.millrace.model.Slice;
import dev.millrace.sampling.tail.Version;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/// A member of a simulated group: what decides, commits and reads back is the real thing, and this
/// stands for the loop around it.
final class SimulatedAggregator {

    private static final ForeignRecords FOREIGN = new ForeignRecords(null);

    private record Asked(
            SpanRecall.Request request, Consumer<SpanRecall.Answer> reply, long dueStep) {}

    private final AssemblyConfig config;
    private final SimulatedLog log;
    private final SimulatedOutputs outputs;
    private final LongSupplier recallSteps;
    private final SimulatedProducer producer;
    private final AggregatorOutput output;
    private final AggregatorMetrics metrics = new AggregatorMetrics(new SimpleMeterRegistry());
    private final Map<Integer, OwnedPartition> owned = new TreeMap<>();
    private final OtherSites sites = new OtherSites();
    private final Map<Integer, Integer> next = new HashMap<>();
    private final List<Asked> asked = new ArrayList<>();
    private long step;

    /// @param recallSteps how many steps pass before spans that were asked for are there
    SimulatedAggregator(
            AssemblyConfig config,
            SimulatedLog log,
            SimulatedOutputs outputs,
            LongSupplier recallSteps) {
        this.config = config;
        this.log = log;
        this.outputs = outputs;
        this.recallSteps = recallSteps;
        producer = new SimulatedProducer(outputs);
        output = new AggregatorOutput(producer, log.topics, metrics);
    }

    private final class KnownVersions implements Versions {
        @Override
        public Version latest() {
            return log.versions.getLast();
        }

        @Override
        public Version at(long number) {
            return log.versions.get((int) Math.max(1, number) - 1);
        }
    }

    void take(int partition) {
        var topicPartition = log.partition(partition);
        var from = outputs.position(topicPartition);
        var closed = new ClosedTraces(config, TableSpace.memory());
        var onRecord = new DecisionsOnRecord(topicPartition, closed);
        var decisions =
                new TopicPartition(
                        SimulatedLog.TOPICS.samplingDecisions().name(),
                        topicPartition.partition()
                                % SimulatedLog.TOPICS.samplingDecisions().partitions());
        for (var message : outputs.committed(decisions, from.decisionsFrom())) {
            onRecord.accept(Decision.decode(Slice.of(message.value())));
        }
        var loaded = new DecisionLog.Loaded(outputs.end(decisions), onRecord.upgrades());
        var owner =
                new OwnedPartition(
                        topicPartition,
                        log.topics,
                        config,
                        from,
                        0,
                        loaded,
                        closed,
                        reader(partition),
                        new KnownVersions(),
                        (request, reply) ->
                                asked.add(
                                        new Asked(request, reply, step + recallSteps.getAsLong())),
                        new FiguresOutput(
                                FiguresOutput.analysis(FiguresConfig.DEFAULT).partition(),
                                FiguresConfig.DEFAULT,
                                output,
                                metrics),
                        output,
                        metrics,
                        sites,
                        () -> {},
                        nanos());
        owned.put(partition, owner);
        sites.arrive(owner);
        next.put(partition, (int) from.resumption().resumeOffset());
    }

    private int number(TopicPartition partition) {
        return log.topics.sources().indexOf(partition.topic()) * SimulatedLog.PARTITIONS
                + partition.partition();
    }

    private LogReader reader(int partition) {
        return (offsets, into) -> {
            for (long offset : offsets) {
                SpanLogReader.hand(log.spans.get(partition).get((int) offset), FOREIGN, into);
            }
        };
    }

    private long nanos() {
        return log.time * 1_000_000;
    }

    /// Out of order, and the same in every run: so taken again after a crash, they have shown an
    /// upgrade to be committed by another partition, without its entry in the ledger.
    List<Integer> partitions() {
        return owned.keySet().stream()
                .sorted(Comparator.comparingInt(partition -> partition * 2 % log.partitions()))
                .toList();
    }

    /// Reads up to `most` records of each partition, and gives out what was read back.
    void step(int most) {
        step++;
        owned.forEach((partition, owner) -> {
            var records = log.spans.get(partition);
            int from = next.getOrDefault(partition, 0);
            int to = Math.min(records.size(), from + most);
            records.subList(from, to).forEach(record -> owner.accept(record, nanos()));
            owner.skipTo(to);
            next.put(partition, to);
        });
        answer();
        sites.letIn();
        owned.values().forEach(OwnedPartition::upgrade);
    }

    private void answer() {
        for (var each : List.copyOf(asked)) {
            if (each.dueStep() <= step) {
                asked.remove(each);
                var request = each.request();
                var found = new TreeMap<Long, LogRecord>();
                var records = log.spans.get(number(request.partition()));
                for (long offset = request.from(); offset <= request.to(); offset++) {
                    var record = records.get((int) offset);
                    var bodies =
                            record.value() == null
                                    ? List.<Slice>of()
                                    : SpanRecall.find(record, FOREIGN, request);
                    if (!bodies.isEmpty()) {
                        found.put(offset, new LogRecord(record.timestamp(), bodies));
                    }
                }
                each.reply().accept(new SpanRecall.Answer(request, found, false));
            }
        }
    }

    /// Appends what the loop would append: markers of new versions, and of time.
    void mark() {
        owned.forEach((partition, owner) -> {
            long version = owner.versionToAnnounce(log.versions.size(), nanos());
            boolean caughtUp = next.getOrDefault(partition, 0) == log.spans.get(partition).size();
            if (version > 0) {
                var time = owner.markerTime();
                log.mark(
                        partition,
                        time == null ? log.time : time,
                        MarkerSchedule.ofVersion(version));
            } else if (owner.needsMarker(caughtUp, nanos())) {
                log.mark(partition, new byte[0]);
                owner.markerSent(nanos());
            }
        });
    }

    void letGo(long bytes) {
        owned.values().forEach(owner -> owner.assembler().letGo(bytes));
    }

    void commit() {
        Map<OwnedPartition, CommitMetadata> progress = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        owned.forEach((partition, owner) -> {
            if (owner.hasNews()) {
                var made = owner.progress();
                progress.put(owner, made);
                offsets.put(log.partition(partition), made.encode());
            }
        });
        if (!offsets.isEmpty()) {
            output.begin();
            progress.forEach(
                    (owner, made) -> output.account(owner.partition(), owner.account(made)));
            producer.sendOffsets(offsets);
            producer.commitTransaction();
            output.ended();
            progress.forEach(OwnedPartition::committed);
        }
    }

    /// Dies, and with it what it had not committed; returns what it had owned.
    List<Integer> crash() {
        if (output.inTransaction()) {
            producer.abortTransaction();
            output.ended();
        }
        var had = partitions();
        had.forEach(this::drop);
        asked.clear();
        return had;
    }

    /// Gives a partition away, after a commit.
    void drop(int partition) {
        var owner = owned.remove(partition);
        if (owner != null) {
            sites.leave(owner);
            owner.close();
        }
        asked.removeIf(each -> number(each.request().partition()) == partition);
    }

    /// Whether everything was read, decided and read back.
    boolean rests() {
        return asked.isEmpty()
                && owned.entrySet().stream()
                        .allMatch(entry ->
                                entry.getValue().assembler().openTraces() == 0
                                        && !entry.getValue().hasNews()
                                        && next.getOrDefault(entry.getKey(), 0)
                                                == log.spans.get(entry.getKey()).size());
    }
}
