package dev.millrace.pipeline.ledger;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/// The balance of every tenant, and the hops that do not close.
public record AuditReport(List<Balance> balances, List<Fault> faults) {

    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final int MOST_FAULTS = 50;

    public AuditReport {
        balances = List.copyOf(balances);
        faults = List.copyOf(faults);
    }

    /// Whether every span has exactly one fate.
    public boolean closes() {
        return faults.isEmpty() && balances.stream().allMatch(balance -> balance.difference() == 0);
    }

    /// For people: a table with a column per tenant, then the faults.
    public String text() {
        var text = new StringBuilder();
        line(text, "", balances.stream().map(balance -> balance.tenant().name()).toList());
        row(text, "acknowledged", Balance::acknowledged);
        row(text, "unconfirmed", Balance::unconfirmed);
        row(text, "stored", Balance::stored);
        for (String reason : reasons()) {
            row(
                    text,
                    "sampled out: " + reason,
                    balance -> balance.sampledOut().getOrDefault(reason, 0L));
        }
        row(text, "duplicate", Balance::duplicate);
        row(text, "dead-lettered", Balance::deadLettered);
        row(text, "forwarded", Balance::forwarded);
        row(text, "expired", Balance::expired);
        row(text, "pending: unread", Balance::unread);
        row(text, "pending: open traces", Balance::open);
        row(text, "pending: to be stored", Balance::waiting);
        row(text, "difference", Balance::difference);
        faults.stream().limit(MOST_FAULTS).forEach(fault -> text.append(words(fault)).append('\n'));
        if (faults.size() > MOST_FAULTS) {
            text.append("... and ").append(faults.size() - MOST_FAULTS).append(" more\n");
        }
        text.append(closes() ? "The balance closes.\n" : "The balance does not close.\n");
        return text.toString();
    }

    private List<String> reasons() {
        return balances.stream()
                .flatMap(balance -> balance.sampledOut().keySet().stream())
                .distinct()
                .sorted()
                .toList();
    }

    private static String words(Fault fault) {
        var cell = fault.cell();
        return String.format(
                Locale.ROOT,
                "%s %s: %d copies, tenant %s, partition %d of %s, %s UTC",
                fault.kind().name().toLowerCase(Locale.ROOT),
                fault.hop().words(),
                fault.copies(),
                cell.tenant().name(),
                cell.partition(),
                cell.topic(),
                MINUTE.format(Instant.ofEpochSecond(cell.minute() * 60)));
    }

    private void row(StringBuilder text, String name, ToLongFunction<Balance> figure) {
        var figures = new ArrayList<String>();
        for (var balance : balances) {
            figures.add(String.format(Locale.ROOT, "%,d", figure.applyAsLong(balance)));
        }
        line(text, name, figures);
    }

    private static void line(StringBuilder text, String name, List<String> columns) {
        text.append(String.format(Locale.ROOT, "%-24s", name));
        columns.forEach(column -> text.append(String.format(Locale.ROOT, " %16s", column)));
        text.append('\n');
    }
}
