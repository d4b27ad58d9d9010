package dev.millrace.assembly;

import static dev.millrace.assembly.Spans.body;
import static dev.millrace.assembly.Spans.ids;
import static dev.millrace.assembly.Spans.span;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PartitionAssemblerTest {

    private static final Tenant BLUE = new Tenant("blue");
    private static final Tenant GREEN = new Tenant("green");

    private static final AssemblyConfig CONFIG =
            new AssemblyConfig(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(120),
                    1_000,
                    ByteSize.parse("4KiB"),
                    20);

    private final Recorded recorded = new Recorded();
    private final List<TraceChunk> log = new ArrayList<>();
    private int passes;
    private final PartitionAssembler assembler =
            new PartitionAssembler(
                    CONFIG,
                    Resumption.fresh(0),
                    new ClosedTraces(CONFIG, TableSpace.memory()),
                    (offsets, bodies) -> {
                        passes++;
                        for (long offset : offsets) {
                            var logged = log.get((int) offset);
                            bodies.accept(offset, logged.traceId(), logged.body());
                        }
                    },
                    recorded);

    @Test
    void closesATraceOnceTimeHasPassedItsLastSpanByTheQuietPeriod() {
        send(0, 1, body(span(1, 1, 0, "web")));
        send(9_999, 1, body(span(1, 2, 1, "web")));

        mark(19_998);
        assertThat(recorded.closed).isEmpty();

        mark(19_999);
        assertThat(recorded.closed).hasSize(1);
        assertThat(ids(recorded.parts.getFirst())).containsExactly(1L, 2L);
        assertThat(assembler.openTraces()).isZero();
    }

    @Test
    void closesATraceAtItsGreatestAgeHoweverOftenSpansArrive() {
        for (int second = 0; second <= 60; second += 5) {
            send(second * 1_000L, 1, body(span(1, 1 + second, 0, "web")));
        }

        assertThat(recorded.closed).hasSize(1);
        assertThat(recorded.closed.getFirst().digest().spans()).isEqualTo(12);
        assertThat(assembler.openTraces()).isOne();
    }

    @Test
    void timeNeverRunsBackwards() {
        send(10_000, 1, body(span(1, 1, 0, "web")));
        send(5_000, 2, body(span(2, 1, 0, "web")));

        assertThat(assembler.time()).isEqualTo(10_000);
        mark(19_999);
        assertThat(recorded.closed).isEmpty();
        mark(20_000);
        assertThat(recorded.closed).hasSize(2);
    }

    @Test
    void aSpanWithinTheLateWindowBecomesAFragmentThatFollowsTheVerdict() {
        send(0, 1, body(span(1, 1, 0, "web")));
        mark(10_000);
        send(50_000, 1, body(span(1, 2, 1, "web")));
        mark(60_000);

        assertThat(recorded.closed).extracting(ClosedTrace::fragment).containsExactly(0, 1);
        assertThat(recorded.closed)
                .extracting(ClosedTrace::decidedAt)
                .containsExactly(10_000L, 10_000L);
    }

    @Test
    void aSpanAfterTheLateWindowIsATraceOfItsOwn() {
        send(0, 1, body(span(1, 1, 0, "web")));
        mark(10_000);
        send(130_000, 1, body(span(1, 2, 1, "web")));
        mark(140_000);

        assertThat(recorded.closed).extracting(ClosedTrace::fragment).containsExactly(0, 0);
        assertThat(recorded.closed.get(1).digest().hasRoot()).isFalse();
    }

    @Test
    void aTraceThatIsBroughtBackWithoutASpanLeavesANumberForItsEarlierOnes() {
        // Given: late spans are open meanwhile.
        var id = new TraceId(7, 1);
        send(0, 1, body(span(1, 1, 0, "web")));
        mark(10_000);
        send(50_000, 1, body(span(1, 2, 1, "web")));
        var before = Objects.requireNonNull(assembler.onRecord(Tenant.DEFAULT, id));

        // When
        var turned = assembler.bringBack(Tenant.DEFAULT, id, before, new Fate(true, 5));
        mark(60_000);

        // Then
        assertThat(turned.fragment()).isEqualTo(1);
        assertThat(turned.firstOffset()).isEqualTo(turned.lastOffset() + 1);
        assertThat(recorded.closed).extracting(ClosedTrace::fragment).containsExactly(0, 3);
        var after = Objects.requireNonNull(assembler.onRecord(Tenant.DEFAULT, id));
        assertThat(after.firstOffset()).isZero();
        assertThat(after.lastOffset()).isEqualTo(2);
        assertThat(after.fragments()).isEqualTo(4);
    }

    @Test
    void nothingIsOnRecordOfATraceThatNoSpanWouldFollow() {
        send(0, 1, body(span(1, 1, 0, "web")));
        assertThat(assembler.onRecord(Tenant.DEFAULT, new TraceId(7, 1))).isNull();

        mark(10_000);
        assertThat(assembler.onRecord(Tenant.DEFAULT, new TraceId(7, 1))).isNotNull();

        mark(130_000);
        assertThat(assembler.onRecord(Tenant.DEFAULT, new TraceId(7, 1))).isNull();
    }

    @Test
    void showsEveryTraceThatIsRemembered() {
        // Given: over several generations.
        send(GREEN, 0, body(span(1, 1, 0, "web")));
        mark(10_000);
        for (int trace = 2; trace < 9; trace++) {
            send(trace * 10_000L, trace, body(span(trace, 1, 0, "web")));
        }
        mark(100_000);

        // When
        var shown = new HashSet<String>();
        assembler
                .closedTraces()
                .forEach((tenant, traceId) -> shown.add(tenant.name() + " " + traceId.low()));

        // Then
        assertThat(shown)
                .containsExactlyInAnyOrder(
                        "green 1",
                        "default 2",
                        "default 3",
                        "default 4",
                        "default 5",
                        "default 6",
                        "default 7",
                        "default 8");
    }

    @Test
    void tenantsWithTheSameTraceIdStayApart() {
        Slice body = body(span(1, 1, 0, "web"));
        assembler.accept(0, 0, new Tenant("blue"), new TraceId(7, 1), body);
        assembler.accept(1, 0, new Tenant("green"), new TraceId(7, 1), body);
        assembler.mark(2, 10_000);

        assertThat(recorded.closed)
                .extracting(ClosedTrace::tenant)
                .containsExactly(new Tenant("blue"), new Tenant("green"));
    }

    @Test
    void aSpanOfTwoTenantsIsADuplicateInNeither() {
        Slice body = body(span(1, 1, 0, "web"));
        send(BLUE, 0, body);
        send(GREEN, 0, body);
        send(BLUE, 0, body);
        mark(10_000);

        assertThat(recorded.closed)
                .extracting(trace -> trace.tenant() + " " + trace.digest().duplicates())
                .containsExactly("green 0", "blue 1");
        assertThat(recorded.closed).extracting(trace -> trace.digest().spans()).containsOnly(1);
    }

    @Test
    void aLateSpanFollowsTheVerdictOfItsOwnTenant() {
        send(BLUE, 0, body(span(1, 1, 0, "web")));
        mark(10_000);
        send(GREEN, 20_000, body(span(1, 2, 1, "web")));
        send(BLUE, 20_000, body(span(1, 3, 1, "web")));
        mark(30_000);

        assertThat(recorded.closed)
                .extracting(trace ->
                        trace.tenant()
                                + " "
                                + trace.fragment()
                                + " decided at "
                                + trace.decidedAt())
                .containsExactly(
                        "blue 0 decided at 10000",
                        "green 0 decided at 30000",
                        "blue 1 decided at 10000");
    }

    @Test
    void bodiesReadAgainGoBackToTheirOwnTenant() {
        send(BLUE, 0, body(span(1, 1, 0, "web")));
        send(GREEN, 0, body(span(1, 2, 0, "web")));
        assembler.letGo(Long.MAX_VALUE / 2);
        send(BLUE, 1, body(span(1, 3, 1, "web")));
        send(GREEN, 2, body(span(1, 4, 2, "web")));
        mark(20_000);

        assertThat(passes).isPositive();
        assertThat(recorded.closed).extracting(ClosedTrace::tenant).containsExactly(BLUE, GREEN);
        assertThat(recorded.parts.stream().map(Spans::ids))
                .containsExactly(List.of(1L, 3L), List.of(2L, 4L));
    }

    @Test
    void aNewOwnerPassesOverWhatIsOnRecordOfOneTenantOnly() {
        var closed = new ClosedTraces(CONFIG, TableSpace.memory());
        closed.put(
                BLUE,
                new TraceId(7, 1),
                new ClosedTraces.Entry(0, 0, 10_000, 1, Fate.KEPT),
                10_000);
        var heirs = new Recorded();
        try (var heir =
                new PartitionAssembler(
                        CONFIG, new Resumption(2, 0, 0), closed, (_, _) -> {}, heirs)) {
            heir.accept(0, 0, BLUE, new TraceId(7, 1), body(span(1, 1, 0, "web")));
            heir.accept(1, 0, GREEN, new TraceId(7, 1), body(span(1, 1, 0, "web")));
            heir.mark(2, 10_000);

            assertThat(heir.replayedRecords()).isOne();
        }
        assertThat(heirs.closed).extracting(ClosedTrace::tenant).containsExactly(GREEN);
    }

    @Test
    void cutsAGiantTraceIntoNumberedParts() {
        for (int i = 1; i <= 50; i++) {
            send(i, 1, body(span(1, i, i - 1, "web")));
        }
        mark(20_000);

        assertThat(recorded.headings).containsExactly("0 part 0", "0 part 1", "0 part 2 last");
        assertThat(recorded.parts.stream().mapToInt(part -> ids(part).size()))
                .containsExactly(20, 20, 10);
        assertThat(recorded.closed.getFirst().parts()).isEqualTo(3);
        assertThat(recorded.closed.getFirst().digest().spans()).isEqualTo(50);
    }

    @Test
    void bodiesThatWereLetGoAreReadFromTheLogAgainWithTheSameResult() {
        for (int i = 1; i <= 30; i++) {
            send(i, 1, body(span(1, i, i - 1, "web")));
            send(i, 2, body(span(2, i, 0, "web")));
            if (i == 15) {
                assembler.letGo(assembler.heldBytes());
                assertThat(assembler.heldBytes()).isZero();
            }
        }
        mark(20_000);

        assertThat(recorded.parts.stream().mapToInt(part -> ids(part).size()))
                .containsExactly(20, 10, 20, 10);
    }

    @Test
    void tracesThatLieTogetherAndWereLetGoAreReadAgainInOnePass() {
        for (int i = 1; i <= 50; i++) {
            send(i * 10L, i, body(span(i, 1, 0, "web")));
        }
        assembler.letGo(assembler.heldBytes());

        for (int i = 1; i <= 50; i++) {
            mark(10_000 + i * 10L);
        }

        assertThat(recorded.closed).hasSize(50);
        assertThat(passes).isOne();
        assertThat(assembler.heldBytes()).isZero();
    }

    @Test
    void whatIsReadAgainAheadOfBeingDueIsBounded() {
        for (int i = 1; i <= 50; i++) {
            send(i * 10L, i, body(span(i, 1, 0, "web")));
        }
        long each = assembler.heldBytes() / 50;
        assembler.letGo(assembler.heldBytes());
        assembler.recallAtMost(10 * each);

        for (int i = 1; i <= 50; i++) {
            mark(10_000 + i * 10L);
            assertThat(assembler.heldBytes()).isLessThanOrEqualTo(9 * each);
        }

        assertThat(recorded.closed).hasSize(50);
        assertThat(passes).isEqualTo(5);
    }

    @Test
    void aTraceBeyondTheBoundIsReadByItselfAndNotHeld() {
        send(0, 1, body(span(1, 1, 0, "web")));
        send(1, 2, body(span(2, 1, 0, "web")));
        assembler.recallAtMost(assembler.heldBytes() / 2 - 1);
        assembler.letGo(assembler.heldBytes());

        mark(10_000);

        assertThat(recorded.closed).hasSize(1);
        assertThat(assembler.heldBytes()).isZero();
    }

    @Test
    void whatIsDueLastIsLetGoFirst() {
        send(0, 1, body(span(1, 1, 0, "web")));
        send(100, 2, body(span(2, 1, 0, "web")));
        assembler.letGo(1);

        mark(10_000);
        assertThat(recorded.closed).hasSize(1);
        assertThat(passes).isZero();

        mark(10_100);
        assertThat(recorded.closed).hasSize(2);
        assertThat(passes).isOne();
    }

    @Test
    void theDigestSumsUpTheTrace() {
        send(0, 1, body(span(1, 2, 1, "db"), span(1, 3, 1, "cache")));
        send(1, 1, body(span(1, 1, 0, "web"), span(1, 1, 0, "web")));
        mark(20_000);

        var digest = recorded.closed.getFirst().digest();
        assertThat(digest.rootService()).isEqualTo("web");
        assertThat(digest.rootOperation()).isEqualTo("operation 1");
        assertThat(digest.spans()).isEqualTo(3);
        assertThat(digest.duplicates()).isOne();
        assertThat(digest.services()).containsExactly("cache", "db", "web");
        assertThat(digest.startNanos()).isEqualTo(1_001);
        assertThat(digest.durationNanos()).isEqualTo(1_002);
    }

    @Test
    void aRecordThatCannotBeReadIsPoisonAndTheRestOfItsTraceIsNot() {
        send(0, 1, body(span(1, 1, 0, "web")));
        send(1, 1, Slice.of(new byte[] {10, 127, 1}));
        send(2, 1, body(span(99, 5, 1, "web")));
        send(3, 1, body(span(1, 2, 1, "web")));
        mark(20_000);

        assertThat(recorded.poisoned).containsExactly(1L, 2L);
        assertThat(ids(recorded.parts.getFirst())).containsExactly(1L, 2L);
    }

    @Test
    void aSpanCostsNoMoreToTakeHoweverManyItsTraceHasAlready() {
        // Given
        int rounds = 20;
        int records = 500;
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var allocated = new long[rounds];
        var bodies = new ArrayList<Slice>();
        for (int i = 1; i <= rounds * records; i++) {
            bodies.add(body(span(1, i, i == 1 ? 0 : 1, "web")));
        }

        // When
        for (int round = 0; round < rounds; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = round * records; i < (round + 1) * records; i++) {
                assembler.accept(i, 0, Tenant.DEFAULT, new TraceId(7, 1), bodies.get(i));
            }
            allocated[round] = threads.getCurrentThreadAllocatedBytes() - before;
        }

        // Then
        assertThat(middle(allocated, 15, 20))
                .as("bytes for each %s spans: %s", records, Arrays.toString(allocated))
                .isLessThan(2 * middle(allocated, 2, 7));
        assertThat(assembler.openTraces()).isOne();
    }

    private static long middle(long[] of, int from, int to) {
        var some = Arrays.copyOfRange(of, from, to);
        Arrays.sort(some);
        return some[some.length / 2];
    }

    private void send(Tenant tenant, long time, Slice body) {
        long offset = log.size();
        log.add(new TraceChunk(new TraceId(7, 1), body, 1));
        assembler.accept(offset, time, tenant, new TraceId(7, 1), body);
    }

    private void send(long time, long trace, Slice body) {
        long offset = log.size();
        log.add(new TraceChunk(new TraceId(7, trace), body, 1));
        assembler.accept(offset, time, Tenant.DEFAULT, new TraceId(7, trace), body);
    }

    private void mark(long time) {
        long offset = log.size();
        log.add(new TraceChunk(new TraceId(7, 7), Slice.EMPTY, 0));
        assembler.mark(offset, time);
    }

    private static final class Recorded implements TraceSink {
        final List<String> headings = new ArrayList<>();
        final List<Slice> parts = new ArrayList<>();
        final List<Long> poisoned = new ArrayList<>();
        final List<ClosedTrace> closed = new ArrayList<>();

        @Override
        public void begin(Tenant tenant, TraceId traceId) {}

        @Override
        public void observe(SpanIndex index, int from, int[] spans) {}

        @Override
        public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
            return Fate.KEPT;
        }

        @Override
        public Slice traceState(Slice before, Fate fate) {
            return before;
        }

        @Override
        public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
            boolean last = part + 1 == trace.parts();
            headings.add(trace.fragment() + " part " + part + (last ? " last" : ""));
            parts.add(body);
        }

        @Override
        public void poison(
                Tenant tenant,
                TraceId traceId,
                long offset,
                long minute,
                Slice body,
                String reason) {
            poisoned.add(offset);
        }

        @Override
        public void refused(ClosedTrace trace, Refusal refusal) {
            throw new AssertionError("nothing is enriched here: " + refusal);
        }

        @Override
        public void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal) {
            throw new AssertionError("nothing is enriched here: " + refusal);
        }

        @Override
        public void partPutAside(
                ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
            throw new AssertionError("nothing is enriched here: " + refusal);
        }

        @Override
        public void committable() {}

        @Override
        public void closed(ClosedTrace trace, Fate fate) {
            closed.add(trace);
        }
    }
}
