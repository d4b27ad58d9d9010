package dev.millrace.analysis;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one minute adds, by the numbers of a [Catalog]. Not safe for threads.
final class MinuteFigures {

    final long minute;
    private final boolean histograms;
    private final Column operations = new Column();
    private final Column links = new Column();

    MinuteFigures(long minute, boolean histograms) {
        this.minute = minute;
        this.histograms = histograms;
    }

    /// Figures by number, and which numbers have any.
    private static final class Column {
        private @Nullable Figures[] byNumber = new Figures[32];
        private int[] numbers = new int[32];
        private int size;

        Figures of(int number, boolean histogram) {
            if (number >= byNumber.length) {
                byNumber = Arrays.copyOf(byNumber, Math.max(number + 1, byNumber.length * 2));
            }
            var figures = byNumber[number];
            if (figures == null) {
                figures = new Figures(histogram);
                byNumber[number] = figures;
                if (size == numbers.length) {
                    numbers = Arrays.copyOf(numbers, size * 2);
                }
                numbers[size++] = number;
            }
            return figures;
        }
    }

    Figures operation(int number) {
        return operations.of(number, histograms);
    }

    Figures link(int number) {
        return links.of(number, histograms);
    }

    void into(List<DependencyDelta.Entry> entries, Catalog catalog) {
        for (int i = 0; i < links.size; i++) {
            int number = links.numbers[i];
            entries.add(
                    new DependencyDelta.Entry(
                            minute, catalog.link(number), links.of(number, histograms)));
        }
        for (int i = 0; i < operations.size; i++) {
            int number = operations.numbers[i];
            entries.add(
                    new DependencyDelta.Entry(
                            minute, catalog.operation(number), operations.of(number, histograms)));
        }
    }
}
