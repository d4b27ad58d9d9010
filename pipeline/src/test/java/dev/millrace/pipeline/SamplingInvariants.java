package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.ledger.Books;
import dev.millrace.pipeline.ledger.Cell;
import dev.millrace.pipeline.ledger.LedgerCodec;
import dev.millrace.pipeline.ledger.Provenance;
import dev.millrace.pipeline.ledger.Stage;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.PackedSpans;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/// What must hold of the committed outputs of a simulated group, whatever has happened to it.
///
/// @param named tells which simulation this is, in what is said of a failure
record SamplingInvariants(SimulatedLog log, SimulatedOutputs outputs, String named) {

    /// @param source of its spans, as the ledger names it
    private record Key(String source, Tenant tenant, TraceId traceId) {}

    /// A trace from its first verdict on; after the late window it begins anew.
    private record Life(Key key, long decidedAt) {}

    private record Copy(long offset, long spanId) {}

    void hold() {
        var lives = lives();
        lives.forEach((life, decisions) -> {
            decidedOnce(life, decisions);
            upgradedAtMostOnce(life, decisions);
            lateFollowsFirst(life, decisions);
        });
        var copies = copies();
        countedOnce(lives, copies);
        storedOnce(lives, copies);
        balanced();
    }

    /// The ledger holds the fate of each copy in the log, minute by minute, and of each span that
    /// was kept.
    private void balanced() {
        var sites = new HashSet<>(log.topics.sources());
        var books = new Books(true, Long.MIN_VALUE, sites);
        var owners = new HashMap<TopicPartition, Stage.Aggregator>();
        for (var message : outputs.committed(SimulatedLog.TOPICS.ledger())) {
            var entry = LedgerCodec.decode(Slice.of(message.value()));
            books.post(entry);
            if (entry.stage() instanceof Stage.Aggregator owner) {
                owners.put(new TopicPartition(owner.topic(), owner.partition()), owner);
            }
        }
        var decidedTo = new HashMap<Key, Long>();
        for (var decision : outputs.decisions()) {
            var trace = decision.trace();
            decidedTo.merge(key(decision), trace.lastOffset(), Math::max);
        }
        for (var records : log.spans) {
            long time = Long.MIN_VALUE;
            for (var message : records) {
                time = Math.max(time, message.timestamp());
                var cell =
                        new Cell(
                                LogCopies.tenant(message),
                                source(message.topic()),
                                message.partition(),
                                Math.floorDiv(time, 60_000));
                for (var share : LogCopies.of(message, new ForeignRecords(null))) {
                    var owner = owners.get(IngestBatch.partition(message));
                    books.inLog(
                            cell,
                            Books.NO_WRITER,
                            progress(message, share, owner, decidedTo),
                            share.copies());
                }
            }
        }
        for (var message : outputs.committed(SimulatedLog.TOPICS.tracesComplete())) {
            var provenance = Provenance.parse(provenance(message));
            for (var share : provenance.shares()) {
                var cell =
                        new Cell(
                                RecordHeaders.tenant(message.headers()),
                                provenance.source(),
                                provenance.partition(),
                                share.minute());
                books.complete(cell, true, false, share.spans());
            }
        }
        var report = books.close();
        assertThat(report.closes()).as("%s: balanced: %s", named, report.text()).isTrue();
    }

    private String source(String topic) {
        return log.topics.ledgerSource(topic);
    }

    private Key key(Decision decision) {
        var trace = decision.trace();
        return new Key(source(decision.sourceTopic()), trace.tenant(), trace.traceId());
    }

    private Books.Progress progress(
            ConsumerRecord<byte[], byte[]> message,
            LogCopies.Share share,
            Stage.@Nullable Aggregator owner,
            Map<Key, Long> decidedTo) {
        if (owner == null || message.offset() >= owner.position()) {
            return Books.Progress.UNREAD;
        }
        var traceId = share.traceId();
        if (traceId == null || message.offset() < owner.resumeOffset()) {
            return Books.Progress.TAKEN;
        }
        var key = new Key(source(message.topic()), LogCopies.tenant(message), traceId);
        long to = decidedTo.getOrDefault(key, -1L);
        return message.offset() <= to ? Books.Progress.TAKEN : Books.Progress.OPEN;
    }

    private static String provenance(ProducerRecord<byte[], byte[]> message) {
        return String.valueOf(RecordHeaders.text(message.headers(), RecordHeaders.PROVENANCE));
    }

    private Map<Life, List<Decision>> lives() {
        var lives = new HashMap<Life, List<Decision>>();
        for (var decision : outputs.decisions()) {
            var trace = decision.trace();
            lives.computeIfAbsent(
                            new Life(key(decision), trace.decidedAt()), _ -> new ArrayList<>())
                    .add(decision);
        }
        return lives;
    }

    /// No span stands under two verdicts, and each closing of a trace has a number of its own.
    private void decidedOnce(Life life, List<Decision> decisions) {
        var fragments = new HashSet<Integer>();
        long decidedTo = -1;
        for (var decision : decisions) {
            var trace = decision.trace();
            assertThat(fragments.add(trace.fragment()))
                    .as("%s: one decision of each fragment: %s", named, decisions)
                    .isTrue();
            if (decision.upgrade() != Decision.Upgrade.DONE) {
                assertThat(trace.firstOffset())
                        .as("%s: decided once: %s", named, decisions)
                        .isGreaterThan(decidedTo);
                decidedTo = trace.lastOffset();
            }
        }
        assertThat(decisions.getFirst().trace().fragment())
                .as("%s: begins with its first: %s %s", named, life, decisions)
                .isZero();
    }

    private void upgradedAtMostOnce(Life life, List<Decision> decisions) {
        var upgrades =
                decisions.stream()
                        .map(Decision::upgrade)
                        .filter(upgrade -> upgrade != Decision.Upgrade.NONE)
                        .toList();
        if (!upgrades.isEmpty()) {
            assertThat(upgrades)
                    .as("%s: upgraded at most once: %s", named, life)
                    .isIn(
                            List.of(Decision.Upgrade.ASKED),
                            List.of(Decision.Upgrade.ASKED, Decision.Upgrade.DONE));
        }
    }

    private void lateFollowsFirst(Life life, List<Decision> decisions) {
        var before = decisions.getFirst();
        for (var decision : decisions.subList(1, decisions.size())) {
            switch (decision.upgrade()) {
                case ASKED -> {
                    assertThat(before.verdict()).isEqualTo(Decision.Verdict.DROP);
                    assertThat(decision.verdict()).isEqualTo(Decision.Verdict.KEEP);
                    if (!decision.policy().equals(OtherSites.RULE)) {
                        assertThat(decision.trace().digest().errors()).isPositive();
                    }
                }
                case NONE, DONE ->
                        assertThat(decision.fate())
                                .as("%s: late follows first: %s %s", named, life, decisions)
                                .isEqualTo(before.fate());
            }
            before = decision;
        }
    }

    /// What decisions count of a trace are the copies that the log holds of it so far.
    private void countedOnce(Map<Life, List<Decision>> lives, Map<Key, List<Copy>> copies) {
        var decided = new HashMap<Key, List<Decision>>();
        lives.forEach((life, decisions) ->
                decided.computeIfAbsent(life.key(), _ -> new ArrayList<>()).addAll(decisions));
        decided.forEach((key, decisions) -> {
            long counted = 0;
            long to = -1;
            for (var decision : decisions) {
                if (decision.upgrade() != Decision.Upgrade.DONE) {
                    var digest = decision.trace().digest();
                    counted += digest.spans() + digest.duplicates();
                    to = Math.max(to, decision.trace().lastOffset());
                }
            }
            long last = to;
            assertThat(counted)
                    .as("%s: counted once: %s %s", named, key, decisions)
                    .isEqualTo(
                            copies.getOrDefault(key, List.of()).stream()
                                    .filter(copy -> copy.offset() <= last)
                                    .count());
        });
    }

    /// Every span that a verdict kept is there, no other, and as many of all as the verdicts count.
    private void storedOnce(Map<Life, List<Decision>> lives, Map<Key, List<Copy>> copies) {
        var kept = new HashMap<Key, Set<Long>>();
        var counted = new HashMap<Key, Integer>();
        lives.forEach((life, decisions) -> {
            for (var decision : decisions) {
                var trace = decision.trace();
                if (decision.verdict() == Decision.Verdict.KEEP && trace.parts() > 0) {
                    var spans = kept.computeIfAbsent(life.key(), _ -> new TreeSet<>());
                    copies.getOrDefault(life.key(), List.of()).stream()
                            .filter(copy ->
                                    copy.offset() >= trace.firstOffset()
                                            && copy.offset() <= trace.lastOffset())
                            .forEach(copy -> spans.add(copy.spanId()));
                    counted.merge(life.key(), trace.digest().spans(), Integer::sum);
                }
            }
        });
        var stored = new HashMap<Key, Set<Long>>();
        var storedCopies = new HashMap<Key, Integer>();
        for (var message : outputs.committed(SimulatedLog.TOPICS.tracesComplete())) {
            String source = Provenance.parse(provenance(message)).source();
            for (var span : OtlpDecoder.spans(Slice.of(message.value()))) {
                var key = new Key(source, tenant(message.headers()), span.traceId());
                stored.computeIfAbsent(key, _ -> new TreeSet<>()).add(span.spanId().value());
                storedCopies.merge(key, 1, Integer::sum);
            }
        }
        assertThat(stored).as("%s: what is kept is stored", named).isEqualTo(kept);
        assertThat(storedCopies).as("%s: stored once", named).isEqualTo(counted);
    }

    private static Tenant tenant(Headers headers) {
        String name = RecordHeaders.text(headers, RecordHeaders.TENANT);
        return name == null ? Tenant.DEFAULT : new Tenant(name);
    }

    private Map<Key, List<Copy>> copies() {
        var copies = new HashMap<Key, List<Copy>>();
        for (var partition : log.spans) {
            for (var record : partition) {
                for (var body : bodies(record)) {
                    for (var span : OtlpDecoder.spans(body)) {
                        copies.computeIfAbsent(
                                        new Key(
                                                source(record.topic()),
                                                tenant(record.headers()),
                                                span.traceId()),
                                        _ -> new ArrayList<>())
                                .add(new Copy(record.offset(), span.spanId().value()));
                    }
                }
            }
        }
        return copies;
    }

    private static List<Slice> bodies(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return List.of();
        }
        try {
            var bodies = new ArrayList<Slice>();
            for (var chunk : PackedSpans.byTrace(Slice.of(record.value()))) {
                bodies.add(chunk.body());
            }
            return bodies;
        } catch (MalformedSpansException _) {
            return List.of();
        }
    }

    /// Verdicts and stored traces are those of another group that read the same log. When an
    /// upgraded trace gets its earlier spans is nobody's promise, so that does not count.
    void areThoseOf(SimulatedOutputs other) {
        assertThat(verdicts(outputs)).as("%s: the same verdicts", named).isEqualTo(verdicts(other));
        assertThat(bodies(outputs)).as("%s: the same bodies", named).isEqualTo(bodies(other));
    }

    /// Of a trace whose parts came in at several sites all are kept in the end, or none. Where late
    /// spans follow for ever.
    void agreeAcrossSites() {
        var kept = new HashMap<List<Object>, Map<String, Boolean>>();
        for (var decision : outputs.decisions()) {
            var trace = decision.trace();
            kept.computeIfAbsent(List.of(trace.tenant(), trace.traceId()), _ -> new HashMap<>())
                    .put(decision.sourceTopic(), decision.verdict() == Decision.Verdict.KEEP);
        }
        kept.forEach((trace, bySite) ->
                assertThat(new HashSet<>(bySite.values()))
                        .as("%s: sites agree: %s %s", named, trace, bySite)
                        .hasSize(1));
    }

    /// What is complete when, at each site, is as in another group, whatever the verdicts.
    void haveTheTracesOf(SimulatedOutputs other) {
        assertThat(traces(outputs)).as("%s: the same traces", named).isEqualTo(traces(other));
    }

    private static Map<Object, List<Object>> traces(SimulatedOutputs of) {
        var traces = new HashMap<Object, List<Object>>();
        for (var decision : of.decisions()) {
            var trace = decision.trace();
            boolean hasSpans = trace.lastOffset() >= trace.firstOffset();
            if (hasSpans && decision.upgrade() != Decision.Upgrade.DONE) {
                traces.computeIfAbsent(
                                List.of(decision.sourceTopic(), trace.tenant(), trace.traceId()),
                                _ -> new ArrayList<>())
                        .add(List.of(trace.closedAt(), trace.digest()));
            }
        }
        return traces;
    }

    private static Map<Object, List<List<Object>>> verdicts(SimulatedOutputs of) {
        var verdicts = new HashMap<Object, List<List<Object>>>();
        for (var decision : of.decisions()) {
            var trace = decision.trace();
            boolean done = decision.upgrade() == Decision.Upgrade.DONE;
            List<Object> key = List.of(done, trace.tenant(), trace.traceId(), trace.decidedAt());
            verdicts.computeIfAbsent(key, _ -> new ArrayList<>())
                    .add(
                            List.of(
                                    trace.fragment(),
                                    trace.firstOffset(),
                                    trace.lastOffset(),
                                    done ? 0 : trace.closedAt(),
                                    trace.parts(),
                                    trace.digest(),
                                    decision.verdict(),
                                    decision.policy(),
                                    decision.threshold(),
                                    decision.ruleThreshold(),
                                    decision.version(),
                                    decision.upgrade()));
        }
        return verdicts;
    }

    private static Map<String, Integer> bodies(SimulatedOutputs of) {
        var bodies = new TreeMap<String, Integer>();
        for (ProducerRecord<byte[], byte[]> message :
                of.committed(SimulatedLog.TOPICS.tracesComplete())) {
            bodies.merge(
                    message.partition()
                            + " "
                            + tenant(message.headers()).name()
                            + " "
                            + new String(message.value(), StandardCharsets.ISO_8859_1),
                    1,
                    Integer::sum);
        }
        return bodies;
    }
}
