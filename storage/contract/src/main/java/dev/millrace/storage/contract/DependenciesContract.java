package dev.millrace.storage.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.wire.otlp.ProtoWriter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Figures are kept minute by minute and partition by partition, as they were written last.
///
/// A store that cannot is no [DependencyStore].
public interface DependenciesContract extends StoreUnderTest {

    /// 12:20 UTC on 1 September 2026.
    long MINUTE = Samples.TIME / (60 * Samples.SECOND);

    Series LINK = new Dependency("shop", "cart", Connection.PLAIN);
    Series OPERATION = new Operation("cart", "GET /cart", SpanKind.SERVER);

    @Test
    default void givesBackTheFiguresOfAMinute() {
        ifItCan(() -> {
            // Given
            var written =
                    minute(
                            MINUTE,
                            3,
                            17,
                            Map.of(LINK, figures(5, 2, 700), OPERATION, figures(9, 0, 320)));

            // When
            dependencies().writeDependencies(List.of(written));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(written));
        });
    }

    @Test
    default void replacesWhatItKeepsOfAMinuteAsAWhole() {
        ifItCan(() -> {
            // Given
            var before = Map.of(LINK, Figures.ofCalls(5), OPERATION, Figures.ofCalls(7));
            dependencies().writeDependencies(List.of(minute(MINUTE, 0, 10, before)));

            // When: a series fewer, and one that has grown.
            var after = minute(MINUTE, 0, 20, Map.of(LINK, Figures.ofCalls(6)));
            dependencies().writeDependencies(List.of(after));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(after));
        });
    }

    @Test
    default void tellsPartitionsOfAMinuteApart() {
        ifItCan(() -> {
            // Given
            var first = minute(MINUTE, 0, 10, Map.of(LINK, Figures.ofCalls(1)));
            var second = minute(MINUTE, 1, 99, Map.of(LINK, Figures.ofCalls(2)));

            // When
            dependencies().writeDependencies(List.of(first, second));

            // Then
            assertThat(found(MINUTE, MINUTE + 1))
                    .containsExactlyInAnyOrder(same(first), same(second));
        });
    }

    @Test
    default void findsTheMinutesOfARangeAndNoOthers() {
        ifItCan(() -> {
            // Given: over more than a day and a month's end, with a minute of none in particular.
            var written = new ArrayList<DependencyMinute>();
            for (long minute = MINUTE - 1_500; minute <= MINUTE + 20; minute += 20) {
                written.add(minute(minute, 0, 1, Map.of(LINK, Figures.ofCalls(minute))));
            }
            var none = minute(0, 0, 1, Map.of(LINK, Figures.ofCalls(4)));
            written.add(none);

            // When
            dependencies().writeDependencies(written);

            // Then
            assertThat(found(MINUTE - 1_500, MINUTE))
                    .hasSize(75)
                    .allSatisfy(minute ->
                            assertThat(minute.minute()).isBetween(MINUTE - 1_500, MINUTE - 1));
            assertThat(found(MINUTE, MINUTE + 1)).hasSize(1);
            assertThat(found(MINUTE + 1, MINUTE + 20)).isEmpty();
            assertThat(found(0, 1)).containsExactlyInAnyOrder(same(none));
        });
    }

    @Test
    default void keepsTheFiguresOfTenantsApart() {
        ifItCan(() -> {
            // Given
            var red = new Tenant("red");
            var ours = minute(MINUTE, 0, 1, Map.of(LINK, Figures.ofCalls(1)));
            dependencies().writeDependencies(List.of(ours));

            // When, then
            answersOrRefuses(
                    Set.of(Capability.TENANTS),
                    () -> {
                        dependencies()
                                .writeDependencies(
                                        List.of(
                                                new DependencyMinute(
                                                        red,
                                                        MINUTE,
                                                        0,
                                                        2,
                                                        entries(
                                                                MINUTE,
                                                                Map.of(
                                                                        LINK,
                                                                        Figures.ofCalls(8))))));
                        return dependencies().dependencies(red, MINUTE, MINUTE + 1);
                    },
                    theirs ->
                            assertThat(theirs)
                                    .singleElement()
                                    .satisfies(minute -> assertThat(minute.upTo()).isEqualTo(2)));
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(ours));
        });
    }

    @Test
    default void writingFiguresTwiceChangesNothing() {
        ifItCan(() -> {
            // Given
            var written = minute(MINUTE, 0, 10, Map.of(LINK, figures(5, 1, 90)));

            // When
            dependencies().writeDependencies(List.of(written));
            dependencies().writeDependencies(List.of(written));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(written));
        });
    }

    @Test
    default void hasTheFiguresAfterClosingAndOpeningAgain() {
        ifItCan(() -> {
            // Given
            var before = minute(MINUTE, 0, 10, Map.of(LINK, figures(5, 1, 90)));
            dependencies().writeDependencies(List.of(before));

            // When
            var _ = reopenedStore();

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(before));

            // When
            var after = minute(MINUTE, 0, 11, Map.of(OPERATION, Figures.ofCalls(1)));
            dependencies().writeDependencies(List.of(after));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(after));
        });
    }

    @Test
    default void keepsAMinuteOfManySeriesWhole() {
        ifItCan(() -> {
            // Given: with names that are not easily written.
            var many = new HashMap<Series, Figures>();
            for (int i = 0; i < 2_500; i++) {
                many.put(
                        new Operation(
                                "cart",
                                "größe \"%s\" \\ /%d".formatted("{x}", i),
                                i % 2 == 0 ? SpanKind.SERVER : SpanKind.CLIENT),
                        figures(i + 1L, i % 3, i));
            }
            var written = minute(MINUTE, 0, 10, many);

            // When
            dependencies().writeDependencies(List.of(written));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).containsExactlyInAnyOrder(same(written));
        });
    }

    @Test
    default void takesNoMinutesAndFindsNone() {
        ifItCan(() -> {
            // When
            dependencies().writeDependencies(List.of());

            // Then
            assertThat(dependencies().dependencies(Tenant.DEFAULT, 0, MINUTE + 1)).isEmpty();
        });
    }

    /// Runs the check where the store can keep figures; where it cannot, it must not say it could.
    private void ifItCan(Runnable check) {
        if (capabilities().contains(Capability.DEPENDENCIES)) {
            check.run();
        } else {
            assertThat(store()).isNotInstanceOf(DependencyStore.class);
        }
    }

    /// A minute whose series are in no order.
    record Minute(
            Tenant tenant, long minute, int partition, long upTo, Map<Series, Figures> figures) {}

    private List<Minute> found(long from, long to) {
        return dependencies().dependencies(Tenant.DEFAULT, from, to).stream()
                .map(DependenciesContract::same)
                .toList();
    }

    private static Minute same(DependencyMinute minute) {
        var figures = new HashMap<Series, Figures>();
        for (var entry : minute.entries()) {
            assertThat(figures.put(entry.series(), entry.figures()))
                    .as("more than one of %s", entry.series())
                    .isNull();
        }
        return new Minute(
                minute.tenant(), minute.minute(), minute.partition(), minute.upTo(), figures);
    }

    private static DependencyMinute minute(
            long minute, int partition, long upTo, Map<Series, Figures> figures) {
        return new DependencyMinute(
                Tenant.DEFAULT, minute, partition, upTo, entries(minute, figures));
    }

    private static List<Entry> entries(long minute, Map<Series, Figures> figures) {
        var entries = new ArrayList<Entry>();
        figures.forEach((series, of) -> entries.add(new Entry(minute, series, of)));
        return entries;
    }

    /// Figures with durations, as a record of `dependencies` has them: all calls in one bucket.
    private static Figures figures(long calls, long errors, long bucket) {
        var writer = new ProtoWriter(64).text(1, Tenant.DEFAULT.name());
        writer.bytes(6, Slice.of("any".getBytes(StandardCharsets.UTF_8)));
        int minute = writer.open(7);
        int operation = writer.open(3);
        writer.number(5, calls).number(7, errors).bytes(9, Slice.of(varints(bucket, calls)));
        writer.close(operation);
        writer.close(minute);
        return DependencyDelta.decode(writer.finish()).entries().getFirst().figures();
    }

    private static byte[] varints(long... values) {
        var bytes = new ByteArrayOutputStream();
        for (long value : values) {
            long rest = value;
            while (rest > 0x7f) {
                bytes.write((int) ((rest & 0x7f) | 0x80));
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }
        return bytes.toByteArray();
    }
}
