package dev.millrace.assembly;

import static dev.millrace.assembly.Spans.body;
import static dev.millrace.assembly.Spans.span;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.enrichment.api.TraceDraft;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.SpanIndex;
import dev.millrace.wire.otlp.TraceChunk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole lives of a partition, with owners that die at any record, or in the middle of what a
/// record completes, and lose what they had not committed. Whatever happens, the committed output
/// is that of an owner who never died.
class ReplaySimulationTest {

    private static final AssemblyConfig CONFIG =
            new AssemblyConfig(
                    Duration.ofMillis(100),
                    Duration.ofMillis(600),
                    Duration.ofMillis(1_500),
                    100_000,
                    ByteSize.parse("1KiB"),
                    8);

    /// Changes all spans, and fails where it meets one of a few.
    private static final AssemblyConfig ENRICHED =
            CONFIG.with(
                    new Enrichment(
                            List.of(
                                    new Enrichment.Step(
                                            "marks", ReplaySimulationTest::markSpans))));

    private static void markSpans(TraceDraft trace) {
        for (var span : trace.spans()) {
            if (span.sent().spanId().value() % 97 == 0) {
                throw new IllegalStateException("not this one");
            }
            span.attributes().set("late", trace.isLate());
        }
    }

    /// How the writers of a log made its records.
    private enum Writers {
        ONE_TRACE_EACH,
        MIXED,
        PACKED
    }

    /// One chunk of each trace in it; none in a marker.
    private record LogRecord(long appendedAt, List<TraceChunk> chunks) {}

    /// What one closing committed, in full.
    private record Output(ClosedTrace trace, Fate fate, List<Slice> parts) {}

    /// Where an owner dies of its own accord.
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /// What is committed of a partition.
    ///
    /// @param outputs of traces that were given out in full
    /// @param parts of a trace that was not
    private record Committed(List<Output> outputs, List<Slice> parts, Resumption resumption) {
        static final Committed NOTHING = new Committed(List.of(), List.of(), Resumption.fresh(0));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void ownersThatDieChangeNothing(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            // Given
            var writers = Writers.values()[round % Writers.values().length];
            var config = round % 2 == 0 ? CONFIG : ENRICHED;
            List<LogRecord> log = randomLog(random, writers);
            var immortal = new Owner(config, log, Committed.NOTHING, null);
            immortal.runTo(log.size());
            immortal.commit();

            // When
            var committed = Committed.NOTHING;
            while (committed.resumption().position() < log.size()) {
                committed = life(config, log, committed, random);
            }

            // Then
            assertThat(committed.outputs())
                    .as("seed %s, round %s, %s", seed, round, writers)
                    .isEqualTo(immortal.committed.outputs());
            assertThat(committed.outputs().stream().anyMatch(output -> output.fate().refused()))
                    .as("seed %s, round %s: some are refused", seed, round)
                    .isEqualTo(round % 2 == 1);
        }
    }

    /// What is committed when an owner has lived and died.
    private static Committed life(
            AssemblyConfig config, List<LogRecord> log, Committed before, Random random) {
        var owner = new Owner(config, log, before, random);
        try {
            int commits = random.nextInt(4);
            for (int i = 0; i < commits; i++) {
                long position = owner.position();
                owner.runTo(Math.min(log.size(), position + random.nextInt(120)));
                owner.commit();
                if (random.nextInt(3) == 0) {
                    owner.assembler.letGo(1 + random.nextInt(2_000));
                }
            }
            // Work after the last commit, lost with its owner.
            owner.runTo(Math.min(log.size(), owner.position() + random.nextInt(80)));
        } catch (Died _) {
            // In the middle of a record.
        }
        owner.assembler.close();
        return owner.committed;
    }

    private static List<LogRecord> randomLog(Random random, Writers writers) {
        List<LogRecord> log = new ArrayList<>();
        long time = 1_000;
        long newest = 1;
        for (int i = 0; i < 600; i++) {
            time += random.nextInt(100) == 0 ? random.nextInt(2_000) : random.nextInt(12);
            long appendedAt = random.nextInt(20) == 0 ? time - random.nextInt(50) : time;
            if (random.nextInt(15) == 0) {
                log.add(new LogRecord(appendedAt, List.of()));
                continue;
            }
            newest += random.nextInt(3) == 0 ? 1 : 0;
            boolean packed =
                    switch (writers) {
                        case ONE_TRACE_EACH -> false;
                        case MIXED -> random.nextBoolean();
                        case PACKED -> true;
                    };
            var traces = new LinkedHashSet<Long>();
            for (int t = packed ? 1 + random.nextInt(5) : 1; t > 0; t--) {
                // Mostly young traces, sometimes one of long ago, and one that never rests.
                traces.add(
                        random.nextInt(10) == 0
                                ? 1
                                : Math.max(1, newest - (long) (random.nextExponential() * 6)));
            }
            log.add(
                    new LogRecord(
                            appendedAt,
                            traces.stream().map(trace -> randomChunk(random, trace)).toList()));
        }
        return log;
    }

    private static TraceChunk randomChunk(Random random, long trace) {
        var spans = new Span[1 + random.nextInt(4)];
        for (int s = 0; s < spans.length; s++) {
            int id = 1 + random.nextInt(400);
            spans[s] = span(trace, id, random.nextInt(id), "service " + random.nextInt(3));
        }
        return new TraceChunk(new TraceId(7, trace), body(spans), spans.length);
    }

    /// One owner of the partition. It knows the log, what is committed, and where to resume.
    private static final class Owner implements TraceSink {
        private final List<LogRecord> log;
        private final PartitionAssembler assembler;
        private final @Nullable Random whims;
        private List<Slice> parts;
        private List<Output> outputs = new ArrayList<>();
        private Committed committed;
        private int observed;
        private long next;

        /// @param whims when it commits or dies in the middle of a record; null for never
        Owner(
                AssemblyConfig config,
                List<LogRecord> log,
                Committed before,
                @Nullable Random whims) {
            this.log = log;
            this.whims = whims;
            this.committed = before;
            this.parts = new ArrayList<>(before.parts());
            var resumption = before.resumption();
            var closed = new ClosedTraces(config, TableSpace.memory());
            for (var output : before.outputs()) {
                var trace = output.trace();
                closed.put(
                        trace.tenant(),
                        trace.traceId(),
                        new ClosedTraces.Entry(
                                trace.firstOffset(),
                                trace.lastOffset(),
                                trace.decidedAt(),
                                trace.fragment() + 1,
                                output.fate()),
                        trace.closedAt());
            }
            assembler =
                    new PartitionAssembler(
                            config,
                            resumption,
                            closed,
                            (offsets, bodies) -> {
                                for (long offset : offsets) {
                                    for (var chunk : log.get((int) offset).chunks()) {
                                        bodies.accept(offset, chunk.traceId(), chunk.body());
                                    }
                                }
                            },
                            this);
            next = resumption.resumeOffset();
            runTo(resumption.position());
            assertThat(outputs).isEmpty();
        }

        long position() {
            return next;
        }

        void commit() {
            var all = new ArrayList<>(committed.outputs());
            all.addAll(outputs);
            outputs = new ArrayList<>();
            committed = new Committed(all, List.copyOf(parts), assembler.resumption());
        }

        @Override
        public void committable() {
            if (whims == null) {
                return;
            }
            switch (whims.nextInt(60)) {
                case 0, 1, 2, 3, 4, 5 -> commit();
                case 6 -> throw new Died();
                default -> {}
            }
        }

        void runTo(long end) {
            for (; next < end; next++) {
                var record = log.get((int) next);
                switch (record.chunks().size()) {
                    case 0 -> assembler.mark(next, record.appendedAt());
                    case 1 -> {
                        var chunk = record.chunks().getFirst();
                        assembler.accept(
                                next,
                                record.appendedAt(),
                                Tenant.DEFAULT,
                                chunk.traceId(),
                                chunk.body());
                    }
                    default ->
                            assembler.accept(
                                    next, record.appendedAt(), Tenant.DEFAULT, record.chunks());
                }
            }
        }

        @Override
        public void begin(Tenant tenant, TraceId traceId) {
            // Only what an owner before has begun is there already.
            assertThat(parts).hasSizeLessThanOrEqualTo(committed.parts().size());
        }

        @Override
        public void observe(SpanIndex index, int from, int[] spans) {
            observed += spans.length;
        }

        /// Every third trace is dropped, and late spans follow.
        @Override
        public Fate judge(ClosedTrace trace, ClosedTraces.@Nullable Entry earlier) {
            assertThat(observed).isEqualTo(trace.digest().spans());
            observed = 0;
            long low = trace.traceId().low();
            return earlier == null ? new Fate(low % 3 > 0, low % 5) : earlier.fate();
        }

        @Override
        public Slice traceState(Slice before, Fate fate) {
            return Slice.of(("th:" + fate.threshold()).getBytes(UTF_8));
        }

        @Override
        public void part(ClosedTrace trace, int part, Slice body, List<LogMinute> minutes) {
            assertThat(part).isEqualTo(parts.size());
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
            throw new AssertionError("no poison in this log: " + reason);
        }

        @Override
        public void refused(ClosedTrace trace, Refusal refusal) {
            observed = 0;
        }

        @Override
        public void putAside(ClosedTrace trace, long offset, Slice body, Refusal refusal) {
            parts.add(body);
        }

        @Override
        public void partPutAside(
                ClosedTrace trace, Slice body, List<LogMinute> minutes, Refusal refusal) {
            throw new AssertionError("enriched once, but not twice: " + refusal);
        }

        @Override
        public void closed(ClosedTrace trace, Fate fate) {
            if (fate.refused()) {
                assertThat(parts).isNotEmpty();
            } else {
                assertThat(parts).hasSize(fate.kept() ? trace.parts() : 0);
            }
            outputs.add(new Output(trace, fate, parts));
            parts = new ArrayList<>();
        }
    }
}
