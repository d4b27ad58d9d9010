package dev.millrace.pipeline;

import dev.millrace.assembly.ClosedTrace;
import dev.millrace.assembly.Digest;
import dev.millrace.assembly.Fate;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// What was decided about a closed trace, and why: the value of a record in `sampling-decisions`.
///
/// Written as the protobuf message `millrace.Decision` in `decision.proto`.
///
/// @param sourceTopic where its spans lie
/// @param partition of that topic
/// @param verdict whether it was kept
/// @param policy the rule that said so
/// @param threshold of consistent sampling, 56 bits; 0 for a certain rule that nothing is taken
///   from
/// @param ruleThreshold what the rule alone asks, before a budget takes its part
/// @param version of everything the verdict depends on besides the trace
/// @param entry the number of the entry in `ledger` that accounts for its spans
/// @param upgrade whether the verdict supersedes one that had dropped the trace
/// @param arrival how the trace came through the head
public record Decision(
        String sourceTopic,
        int partition,
        ClosedTrace trace,
        Verdict verdict,
        String policy,
        long threshold,
        long ruleThreshold,
        long version,
        long entry,
        Upgrade upgrade,
        Arrival arrival) {

    /// What a head before the log left its mark on.
    ///
    /// @param leastThreshold the least that a span came with: 0 where a span came without chance
    /// @param incomplete whether the head kept spans only because the trace failed, so that others
    ///   may be missing
    public record Arrival(long leastThreshold, boolean incomplete) {}

    /// How far a trace that had been dropped is on its way back.
    public enum Upgrade {
        /// It is not.
        NONE(0),
        /// From this late fragment on it is kept; its earlier spans are to be read back.
        ASKED(1),
        /// These are its earlier spans, or what was left of them.
        DONE(2);

        private final int number;

        Upgrade(int number) {
            this.number = number;
        }

        private static Upgrade of(long number) {
            return number == ASKED.number ? ASKED : number == DONE.number ? DONE : NONE;
        }
    }

    /// What becomes of a trace.
    public enum Verdict {
        KEEP(1),
        DROP(2),
        /// It could not be enriched and lies in the dead letters, where its late spans go as well.
        REFUSED(3);

        private final int number;

        Verdict(int number) {
            this.number = number;
        }

        static Verdict of(Fate fate) {
            return fate.kept() ? KEEP : fate.refused() ? REFUSED : DROP;
        }

        private static Verdict of(long number) {
            return number == DROP.number ? DROP : number == REFUSED.number ? REFUSED : KEEP;
        }
    }

    private static final int TRACE_ID = 1;
    private static final int TENANT = 2;
    private static final int SOURCE_TOPIC = 3;
    private static final int PARTITION = 4;
    private static final int FIRST_OFFSET = 5;
    private static final int LAST_OFFSET = 6;
    private static final int FRAGMENT = 7;
    private static final int CLOSED_AT = 8;
    private static final int DECIDED_AT = 9;
    private static final int VERDICT = 10;
    private static final int POLICY = 11;
    private static final int THRESHOLD = 12;
    private static final int VERSION = 13;
    private static final int PARTS = 14;
    private static final int ROOT_SERVICE = 15;
    private static final int ROOT_OPERATION = 16;
    private static final int HAS_ROOT = 17;
    private static final int START = 18;
    private static final int DURATION = 19;
    private static final int SPANS = 20;
    private static final int ERRORS = 21;
    private static final int DUPLICATES = 22;
    private static final int BYTES = 23;
    private static final int SERVICES = 24;
    private static final int RULE_THRESHOLD = 25;
    private static final int UPGRADE = 26;
    private static final int LEAST_THRESHOLD = 27;
    private static final int INCOMPLETE = 28;
    private static final int ENTRY = 29;
    private static final int LAST_NUMBER = ENTRY;

    byte[] encode() {
        var id = ByteBuffer.allocate(16);
        id.putLong(trace.traceId().high()).putLong(trace.traceId().low());
        var digest = trace.digest();
        var writer =
                new ProtoWriter(256)
                        .bytes(TRACE_ID, Slice.of(id.array()))
                        .text(TENANT, trace.tenant().name())
                        .text(SOURCE_TOPIC, sourceTopic)
                        .number(PARTITION, partition)
                        .number(FIRST_OFFSET, trace.firstOffset())
                        .number(LAST_OFFSET, trace.lastOffset())
                        .number(FRAGMENT, trace.fragment())
                        .number(CLOSED_AT, trace.closedAt())
                        .number(DECIDED_AT, trace.decidedAt())
                        .number(VERDICT, verdict.number)
                        .text(POLICY, policy)
                        .number(THRESHOLD, threshold)
                        .number(VERSION, version)
                        .number(PARTS, trace.parts())
                        .text(ROOT_SERVICE, digest.rootService())
                        .text(ROOT_OPERATION, digest.rootOperation())
                        .number(HAS_ROOT, digest.hasRoot() ? 1 : 0)
                        .number(START, digest.startNanos())
                        .number(DURATION, digest.durationNanos())
                        .number(SPANS, digest.spans())
                        .number(ERRORS, digest.errors())
                        .number(DUPLICATES, digest.duplicates())
                        .number(BYTES, digest.bytes())
                        .number(RULE_THRESHOLD, ruleThreshold)
                        .number(UPGRADE, upgrade.number)
                        .number(LEAST_THRESHOLD, arrival.leastThreshold())
                        .number(INCOMPLETE, arrival.incomplete() ? 1 : 0)
                        .number(ENTRY, entry);
        for (String service : digest.services()) {
            writer.text(SERVICES, service);
        }
        return writer.finish().toByteArray();
    }

    /// What late spans of the trace follow.
    Fate fate() {
        return verdict == Verdict.REFUSED
                ? Fate.REFUSED
                : new Fate(verdict == Verdict.KEEP, threshold);
    }

    /// @throws MalformedSpansException when the value is no decision
    public static Decision decode(Slice value) {
        var fields = new Fields();
        var reader = ProtoReader.of(value);
        while (reader.next() != 0) {
            switch (reader.wireType()) {
                case ProtoReader.VARINT -> fields.number(reader.field(), reader.varint());
                case ProtoReader.LENGTH_DELIMITED -> fields.bytes(reader.field(), reader.slice());
                default -> reader.skip();
            }
        }
        return fields.decision();
    }

    /// The fields of a message while it is read.
    private static final class Fields {
        private final long[] numbers = new long[LAST_NUMBER + 1];
        private final Slice[] texts = new Slice[SERVICES + 1];
        private final List<String> services = new ArrayList<>();

        Fields() {
            java.util.Arrays.fill(texts, Slice.EMPTY);
        }

        void number(int field, long value) {
            if (field <= LAST_NUMBER) {
                numbers[field] = value;
            }
        }

        void bytes(int field, Slice value) {
            if (field == SERVICES) {
                services.add(value.toText());
            } else if (field < SERVICES) {
                texts[field] = value;
            }
        }

        Decision decision() {
            var id = texts[TRACE_ID];
            if (id.length() != 16) {
                throw new MalformedSpansException(
                        "decision: trace id of " + id.length() + " bytes (expected: 16)");
            }
            var buffer = ByteBuffer.wrap(id.array(), id.offset(), 16);
            var digest =
                    new Digest(
                            texts[ROOT_SERVICE].toText(),
                            texts[ROOT_OPERATION].toText(),
                            numbers[HAS_ROOT] != 0,
                            numbers[START],
                            numbers[DURATION],
                            (int) numbers[SPANS],
                            (int) numbers[ERRORS],
                            (int) numbers[DUPLICATES],
                            numbers[BYTES],
                            services);
            var trace =
                    new ClosedTrace(
                            new Tenant(texts[TENANT].toText()),
                            new TraceId(buffer.getLong(), buffer.getLong()),
                            (int) numbers[FRAGMENT],
                            numbers[FIRST_OFFSET],
                            numbers[LAST_OFFSET],
                            numbers[CLOSED_AT],
                            numbers[DECIDED_AT],
                            (int) numbers[PARTS],
                            digest,
                            List.of());
            return new Decision(
                    texts[SOURCE_TOPIC].toText(),
                    (int) numbers[PARTITION],
                    trace,
                    Verdict.of(numbers[VERDICT]),
                    texts[POLICY].toText(),
                    numbers[THRESHOLD],
                    numbers[RULE_THRESHOLD],
                    numbers[VERSION],
                    numbers[ENTRY],
                    Upgrade.of(numbers[UPGRADE]),
                    new Arrival(numbers[LEAST_THRESHOLD], numbers[INCOMPLETE] != 0));
        }
    }
}
