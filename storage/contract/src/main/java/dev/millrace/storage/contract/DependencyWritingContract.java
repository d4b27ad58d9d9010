package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.FigureSamples.LINK;
import static dev.millrace.storage.contract.FigureSamples.MINUTE;
import static dev.millrace.storage.contract.FigureSamples.OPERATION;
import static dev.millrace.storage.contract.FigureSamples.figures;
import static dev.millrace.storage.contract.FigureSamples.minute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Series;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Figures are kept minute by minute and partition by partition, as they were written last; a store
/// that counts them itself refuses them.
public interface DependencyWritingContract extends StoreUnderTest {

    @Test
    default void replacesWhatItKeepsOfAMinuteAsAWhole() {
        // Given
        var before = Map.of(LINK, Figures.ofCalls(5), OPERATION, Figures.ofCalls(7));
        // A series fewer, and one that has grown.
        var after = minute(MINUTE, 0, 20, Map.of(LINK, Figures.ofCalls(6)));

        // When, Then
        keeps(List.of(List.of(minute(MINUTE, 0, 10, before)), List.of(after)), after);
    }

    @Test
    default void tellsPartitionsOfAMinuteApart() {
        // Given
        var first = minute(MINUTE, 0, 10, Map.of(LINK, Figures.ofCalls(1)));
        var second = minute(MINUTE, 1, 99, Map.of(LINK, Figures.ofCalls(2)));

        // When, Then
        keeps(List.of(List.of(first, second)), first, second);
    }

    @Test
    default void writingFiguresTwiceChangesNothing() {
        // Given
        var written = minute(MINUTE, 0, 10, Map.of(LINK, figures(5, 1, 90)));

        // When, Then
        keeps(List.of(List.of(written), List.of(written)), written);
    }

    @Test
    default void replacesFiguresThatWereKeptBeforeItWasOpened() {
        // Given
        var before = minute(MINUTE, 0, 10, Map.of(LINK, figures(5, 1, 90)));
        var after = minute(MINUTE, 0, 11, Map.of(OPERATION, Figures.ofCalls(1)));

        // When, Then
        keeps(List.of(List.of(before)), before);
        var _ = reopenedStore();
        keeps(List.of(List.of(after)), after);
    }

    @Test
    default void takesNoMinutes() {
        if (capabilities().contains(Capability.DEPENDENCIES)) {
            // When
            dependencies().writeDependencies(List.of());

            // Then
            assertThat(dependencies().dependencies(Tenant.DEFAULT, 0, MINUTE + 1)).isEmpty();
        }
    }

    /// Writes these lists one after the other, and asserts what is kept then of the minute.
    private void keeps(List<List<DependencyMinute>> written, DependencyMinute... expected) {
        if (!capabilities().contains(Capability.DEPENDENCIES)) {
            return;
        }
        answersOrRefuses(
                Set.of(Capability.WRITING),
                () -> {
                    written.forEach(dependencies()::writeDependencies);
                    return dependencies().dependencies(Tenant.DEFAULT, MINUTE, MINUTE + 1);
                },
                found ->
                        assertThat(found)
                                .extracting(DependencyWritingContract::same)
                                .containsExactlyInAnyOrderElementsOf(
                                        List.of(expected).stream()
                                                .map(DependencyWritingContract::same)
                                                .toList()));
    }

    /// A minute whose series are in no order.
    record Minute(
            Tenant tenant, long minute, int partition, long upTo, Map<Series, Figures> figures) {}

    private static Minute same(DependencyMinute minute) {
        return new Minute(
                minute.tenant(),
                minute.minute(),
                minute.partition(),
                minute.upTo(),
                FigureSamples.bySeries(minute));
    }
}
