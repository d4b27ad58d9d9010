package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.FigureSamples.LINK;
import static dev.millrace.storage.contract.FigureSamples.MINUTE;
import static dev.millrace.storage.contract.FigureSamples.OPERATION;
import static dev.millrace.storage.contract.FigureSamples.figures;
import static dev.millrace.storage.contract.FigureSamples.minute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Operation;
import dev.millrace.analysis.Series;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Figures are found minute by minute, however they came to the store.
///
/// A store that has none is no [DependencyStore].
public interface DependenciesContract extends StoreUnderTest {

    @Test
    default void givesBackTheFiguresOfAMinute() {
        ifItCan(() -> {
            // Given
            var written = Map.of(LINK, figures(5, 2, 700), OPERATION, figures(9, 0, 320));

            // When
            writeFigures(List.of(minute(MINUTE, 3, 17, written)));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).isEqualTo(Map.of(MINUTE, written));
        });
    }

    @Test
    default void givesTheFiguresOfEveryPartitionOfAMinute() {
        ifItCan(() -> {
            // Given
            var first = minute(MINUTE, 0, 10, Map.of(LINK, Figures.ofCalls(1)));
            var second =
                    minute(
                            MINUTE,
                            1,
                            99,
                            Map.of(LINK, Figures.ofCalls(2), OPERATION, Figures.ofCalls(4)));

            // When
            writeFigures(List.of(first, second));

            // Then
            assertThat(found(MINUTE, MINUTE + 1))
                    .isEqualTo(
                            Map.of(
                                    MINUTE,
                                    Map.of(
                                            LINK,
                                            Figures.ofCalls(3),
                                            OPERATION,
                                            Figures.ofCalls(4))));
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
            written.add(minute(0, 0, 1, Map.of(LINK, Figures.ofCalls(4))));

            // When
            writeFigures(written);

            // Then
            assertThat(found(MINUTE - 1_500, MINUTE))
                    .hasSize(75)
                    .allSatisfy((minute, figures) -> {
                        assertThat(minute).isBetween(MINUTE - 1_500, MINUTE - 1);
                        assertThat(figures).isEqualTo(Map.of(LINK, Figures.ofCalls(minute)));
                    });
            assertThat(found(MINUTE, MINUTE + 1)).hasSize(1);
            assertThat(found(MINUTE + 1, MINUTE + 20)).isEmpty();
            assertThat(found(0, 1)).isEqualTo(Map.of(0L, Map.of(LINK, Figures.ofCalls(4))));
        });
    }

    @Test
    default void keepsTheFiguresOfTenantsApart() {
        ifItCan(() -> {
            // Given
            var red = new Tenant("red");
            var ours = Map.of(LINK, Figures.ofCalls(1));
            var theirs = Map.of(LINK, Figures.ofCalls(8));
            writeFigures(List.of(minute(MINUTE, 0, 1, ours)));

            // When, then
            answersOrRefuses(
                    Set.of(Capability.TENANTS),
                    () -> {
                        writeFigures(List.of(minute(red, MINUTE, 0, 2, theirs)));
                        return dependencies().dependencies(red, MINUTE, MINUTE + 1);
                    },
                    found -> {
                        assertThat(found).extracting(DependencyMinute::tenant).containsOnly(red);
                        assertThat(FigureSamples.sums(found)).isEqualTo(Map.of(MINUTE, theirs));
                    });
            assertThat(found(MINUTE, MINUTE + 1)).isEqualTo(Map.of(MINUTE, ours));
        });
    }

    @Test
    default void hasTheFiguresAfterClosingAndOpeningAgain() {
        ifItCan(() -> {
            // Given
            var written = Map.of(LINK, figures(5, 1, 90));
            writeFigures(List.of(minute(MINUTE, 0, 10, written)));

            // When
            var _ = reopenedStore();

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).isEqualTo(Map.of(MINUTE, written));
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

            // When
            writeFigures(List.of(minute(MINUTE, 0, 10, many)));

            // Then
            assertThat(found(MINUTE, MINUTE + 1)).isEqualTo(Map.of(MINUTE, many));
        });
    }

    @Test
    default void findsNoFiguresWhereThereAreNone() {
        ifItCan(() -> assertThat(found(0, MINUTE + 1)).isEmpty());
    }

    /// Runs the check where the store can keep figures; where it cannot, it must not say it could.
    private void ifItCan(Runnable check) {
        if (capabilities().contains(Capability.DEPENDENCIES)) {
            check.run();
        } else {
            assertThat(store()).isNotInstanceOf(DependencyStore.class);
        }
    }

    private Map<Long, Map<Series, Figures>> found(long from, long to) {
        return FigureSamples.sums(dependencies().dependencies(Tenant.DEFAULT, from, to));
    }
}
