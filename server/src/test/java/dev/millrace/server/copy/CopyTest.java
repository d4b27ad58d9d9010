package dev.millrace.server.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From one embedded store to another, some of them less able than they are.
final class CopyTest {

    private static final Instant BEGIN = Instant.parse("2026-09-01T10:00:00Z");
    private static final Instant END = BEGIN.plusSeconds(7_200);
    private static final Tenant RED = new Tenant("red");
    private static final int TRACES = 60;

    @TempDir private Path directory;

    private LocalTraceStore source;
    private LocalTraceStore target;
    private Path state;
    private int shown;

    @BeforeEach
    void fill() {
        state = directory.resolve("copy.state");
        source = store("source");
        target = store("target");
        var fragments = new ArrayList<Fragment>();
        for (int i = 0; i < TRACES; i++) {
            // A minute apart, each with spans of two services.
            var start = BEGIN.plusSeconds(60L * i);
            fragments.add(fragment(i, i % 3 == 0 ? RED : Tenant.DEFAULT, start, 4));
        }
        fragments.add(fragment(TRACES, Tenant.DEFAULT, BEGIN.minusSeconds(600), 2));
        source.write(fragments);
    }

    @AfterEach
    void close() {
        source.close();
        target.close();
    }

    private LocalTraceStore store(String name) {
        var store =
                new LocalTraceStore(
                        new LocalStoreConfig(
                                directory.resolve(name),
                                Duration.ofHours(1),
                                Duration.ofDays(7),
                                new ByteSize(0)),
                        new SimpleMeterRegistry());
        store.start();
        return store;
    }

    @Test
    void copiesEveryTraceOfTheRangeAndFindsThemAgain() throws Exception {
        // Given: one of them large.
        source.write(List.of(fragment(TRACES + 1, Tenant.DEFAULT, BEGIN.plusSeconds(5), 6_000)));

        // When
        var report = copy(source, target, Tenant.DEFAULT, RED).run(true);

        // Then: all but the one before the range.
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(report.tracesRead()).isEqualTo(TRACES + 1);
        assertThat(report.spansWritten()).isEqualTo(4 * TRACES + 6_000);
        assertThat(report.text())
                .contains("found again")
                .contains("The balance closes.")
                .contains("6,240");
        assertThat(target.trace(Tenant.DEFAULT, trace(1)))
                .isEqualTo(source.trace(Tenant.DEFAULT, trace(1)));
        assertThat(target.trace(RED, trace(3))).isEqualTo(source.trace(RED, trace(3)));
        assertThat(target.trace(Tenant.DEFAULT, trace(3))).isEmpty();
        assertThat(target.trace(Tenant.DEFAULT, trace(TRACES))).isEmpty();
        assertThat(target.trace(Tenant.DEFAULT, trace(TRACES + 1)).orElseThrow().spans())
                .hasSize(6_000);
        assertThat(state).doesNotExist();
        assertThat(shown).isPositive();
    }

    @Test
    void copyingAgainAddsOnlyWhatHasGrown() throws Exception {
        // Given
        copy(source, target, Tenant.DEFAULT).run(false);
        source.write(
                List.of(
                        new Fragment(
                                new FragmentId("spans", 1, 9_999),
                                Tenant.DEFAULT,
                                trace(1),
                                OtlpEncoder.encode(
                                        List.of(span(1, 77, BEGIN.plusSeconds(90), "cart"))))));

        // When
        var report = copy(source, target, Tenant.DEFAULT).run(true);

        // Then
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(target.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans()).hasSize(5);
        assertThat(target.trace(Tenant.DEFAULT, trace(2)).orElseThrow().spans()).hasSize(4);
    }

    @Test
    void goesOnWhereItWasBrokenOff() throws Exception {
        // Given: the third write fails for good, and one before it needs a second try.
        var writes = new AtomicInteger();
        var failing =
                new Wrapped(target) {
                    @Override
                    public void write(List<Fragment> fragments) {
                        switch (writes.incrementAndGet()) {
                            case 2 ->
                                    throw new StoreException(
                                            StoreException.Kind.UNAVAILABLE, "for a moment");
                            case 4 ->
                                    throw new StoreException(
                                            StoreException.Kind.CORRUPT, "the disk");
                            default -> super.write(fragments);
                        }
                    }
                };
        assertThatThrownBy(() -> copy(source, failing, Tenant.DEFAULT, RED).run(false))
                .hasMessage("the disk");
        assertThat(state).exists();

        // When
        var read = new AtomicInteger();
        var counting =
                new Wrapped(source) {
                    @Override
                    public SearchPage search(Tenant tenant, TraceSearch search) {
                        var page = super.search(tenant, search);
                        read.addAndGet(page.traces().size());
                        return page;
                    }
                };
        var report = copy(counting, target, Tenant.DEFAULT, RED).run(false);

        // Then
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(report.tracesRead()).isEqualTo(TRACES);
        assertThat(report.spansRead()).isEqualTo(4 * TRACES);
        assertThat(read.get()).isGreaterThan(0).isLessThan(TRACES);
        assertThat(copy(source, target, Tenant.DEFAULT, RED).run(true).balances()).isTrue();
    }

    @Test
    void readsServiceByServiceWhereTheSourceKnowsNoOtherWay() throws Exception {
        // Given
        var less =
                new Wrapped(source) {
                    @Override
                    public SearchPage search(Tenant tenant, TraceSearch search) {
                        if (search.service() == null) {
                            throw new StoreException(
                                    StoreException.Kind.NOT_SUPPORTED, "service: missing");
                        }
                        return super.search(tenant, search);
                    }
                };

        // When
        var report = copy(less, target, RED, Tenant.DEFAULT).run(true);

        // Then: each trace once, though it is found with two services.
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(report.tracesRead()).isEqualTo(TRACES);
    }

    @Test
    void saysWhatIsNotInTheTarget() throws Exception {
        // Given
        var lost = trace(7);
        var forgetful =
                new Wrapped(target) {
                    @Override
                    public void write(List<Fragment> fragments) {
                        super.write(
                                fragments.stream()
                                        .filter(one -> !one.traceId().equals(lost))
                                        .toList());
                    }
                };

        // When
        var report = copy(source, forgetful, Tenant.DEFAULT).run(true);

        // Then
        assertThat(report.balances()).isFalse();
        assertThat(report.text())
                .contains("not found whole: " + lost + ": 0 of 4 spans")
                .contains("The balance does not close.");
        assertThat(state).exists();
    }

    @Test
    void copiesFiguresUnlessTheTargetHasMoreOfThem() throws Exception {
        // Given
        long minute = BEGIN.getEpochSecond() / 60 + 3;
        var from = new WithFigures(source);
        var to = new WithFigures(target);
        from.writeDependencies(
                List.of(figures(minute, 0, 10), figures(minute, 1, 10), figures(minute - 9, 0, 1)));
        to.writeDependencies(List.of(figures(minute, 1, 20)));

        // When
        var report = copy(from, to, Tenant.DEFAULT).run(false);

        // Then
        assertThat(report.minutesRead()).isEqualTo(2);
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(to.dependencies(Tenant.DEFAULT, 0, Long.MAX_VALUE))
                .extracting(DependencyMinute::partition, DependencyMinute::upTo)
                .containsExactlyInAnyOrder(tuple(0, 10L), tuple(1, 20L));
    }

    @Test
    void copiesFiguresOfNoMinuteInParticularWhateverTheRange() throws Exception {
        // Given
        var from = new WithFigures(source);
        var to = new WithFigures(target);
        from.writeDependencies(List.of(figures(0, 0, 10), figures(1, 0, 10)));

        // When
        var report = copy(from, to, Tenant.DEFAULT).run(false);

        // Then
        assertThat(report.minutesRead()).isEqualTo(1);
        assertThat(report.balances()).as(report.text()).isTrue();
        assertThat(to.dependencies(Tenant.DEFAULT, 0, Long.MAX_VALUE))
                .containsExactly(figures(0, 0, 10));
    }

    @Test
    void keepsToTheRate() throws Exception {
        // Given: a clock that only pauses move.
        var now = new long[1];
        var pace = new Pace(100, () -> now[0], time -> now[0] += time.toNanos());

        // When
        new Copy(plan(Tenant.DEFAULT), source, target, state, pace, _ -> {}, _ -> shown++)
                .run(false);

        // Then: 160 spans at 100 a second.
        assertThat(now[0]).isEqualTo(1_600_000_000L);
    }

    @Test
    void refusesTheStateOfAnotherCopy() throws Exception {
        // Given
        new CopyState(0, "sérvice = 1", null, CopyState.Counts.NONE).write(state, plan(RED));

        // When, then
        assertThat(Copy.begun(state)).contains(plan(RED));
        assertThat(CopyState.read(state, plan(RED)).service()).isEqualTo("sérvice = 1");
        assertThatThrownBy(() -> copy(source, target, Tenant.DEFAULT).run(false))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("remove the file to begin anew");
        Files.writeString(state, "from=x\n");
        assertThatThrownBy(() -> copy(source, target, Tenant.DEFAULT).run(false))
                .hasMessageContaining("not the state of a copy: to: missing");
    }

    private Copy copy(TraceStore from, TraceStore to, Tenant... tenants) {
        var pace = new Pace(0, System::nanoTime, _ -> {});
        return new Copy(plan(tenants), from, to, state, pace, _ -> {}, _ -> shown++);
    }

    private static CopyPlan plan(Tenant... tenants) {
        return new CopyPlan("local:///a", "local:///b", List.of(tenants), BEGIN, END, 10);
    }

    private static TraceId trace(int number) {
        return new TraceId(0x0af7651916cd43ddL, number + 1);
    }

    private static Fragment fragment(int number, Tenant tenant, Instant start, int spans) {
        var made = new ArrayList<Span>();
        for (int i = 0; i < spans; i++) {
            made.add(span(number, i + 1, start, i % 2 == 0 ? "shop" : "cart"));
        }
        return new Fragment(
                new FragmentId("spans", 0, number),
                tenant,
                trace(number),
                OtlpEncoder.encode(made));
    }

    private static Span span(int trace, long id, Instant start, String service) {
        long nanos = start.getEpochSecond() * 1_000_000_000L + id;
        var name = new Attributes.Attribute("service.name", new AttributeValue.Text(service));
        return Span.builder(trace(trace), new SpanId(id))
                .name("get")
                .time(nanos, nanos + 1_000)
                .resource(new Resource(Attributes.of(name), 0, ""))
                .build();
    }

    private static DependencyMinute figures(long minute, int partition, long upTo) {
        var link = new Dependency("shop", "cart", Connection.PLAIN);
        return new DependencyMinute(
                Tenant.DEFAULT,
                minute,
                partition,
                upTo,
                List.of(new Entry(minute, link, Figures.ofCalls(upTo))));
    }
}
