package dev.millrace.verification;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a benchmark has measured, as the rows of a table, and tables below it.
final class Figures {

    /// @param target what was asked for; empty where nothing was
    private record Row(String part, String what, String value, String target) {}

    private final List<Row> rows = new ArrayList<>();
    private final List<String> tables = new ArrayList<>();

    void add(String part, String what, String pattern, double value) {
        rows.add(new Row(part, what, text(pattern, value), ""));
    }

    void atLeast(String part, String what, String pattern, double value, double target) {
        String met = value >= target ? "met" : "**missed**";
        rows.add(
                new Row(
                        part,
                        what,
                        text(pattern, value),
                        "≥ " + text(pattern, target) + " " + met));
    }

    void atMost(String part, String what, String pattern, double value, double target) {
        String met = value <= target ? "met" : "**missed**";
        rows.add(
                new Row(
                        part,
                        what,
                        text(pattern, value),
                        "≤ " + text(pattern, target) + " " + met));
    }

    /// Puts a table of its own below the others.
    void append(String table) {
        tables.add(table);
    }

    private static String text(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }

    /// A Markdown table with columns of even width.
    @Override
    public String toString() {
        var all = new ArrayList<>(List.of(new Row("part", "figure", "value", "target")));
        all.addAll(rows);
        int part = all.stream().mapToInt(row -> row.part.length()).max().orElse(0);
        int what = all.stream().mapToInt(row -> row.what.length()).max().orElse(0);
        int value = all.stream().mapToInt(row -> row.value.length()).max().orElse(0);
        String pattern = "| %-" + part + "s | %-" + what + "s | %" + value + "s | %s |\n";
        var table = new StringBuilder();
        for (int i = 0; i < all.size(); i++) {
            var row = all.get(i);
            table.append(pattern.formatted(row.part, row.what, row.value, row.target));
            if (i == 0) {
                table.append("|---|---|--:|---|\n");
            }
        }
        tables.forEach(more -> table.append('\n').append(more));
        return table.toString();
    }
}
