package dev.millrace.pipeline.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Which spans a record of `traces-complete` accounts for: the value of its header `provenance`.
///
/// @param source the full name of the site's topic that they come from; empty for our own `spans`
/// @param partition of it
/// @param entry the number of the entry in `ledger` that is committed with the record
public record Provenance(String source, int partition, long entry, List<Share> shares) {

    private static final Pattern TEXT =
            Pattern.compile(
                    "(?:topic=([A-Za-z0-9._-]+) )?partition=(\\d+) entry=(\\d+)"
                            + "((?: -?\\d+:\\d+)*)");

    /// How many of them came in one minute.
    ///
    /// @param minute of the log's time, in minutes since the epoch
    public record Share(long minute, int spans) {}

    /// From our own `spans`.
    public Provenance(int partition, long entry, List<Share> shares) {
        this(Cell.OURS, partition, entry, shares);
    }

    public Provenance {
        shares = List.copyOf(shares);
    }

    /// Such as `partition=3 entry=17 29384711:12 29384712:3`, the shares as minute and spans;
    /// before it `topic=edge1.spans` where they come from a site.
    public String text() {
        var text = new StringBuilder(48);
        if (!source.isEmpty()) {
            text.append("topic=").append(source).append(' ');
        }
        text.append("partition=").append(partition).append(" entry=").append(entry);
        for (var share : shares) {
            text.append(' ').append(share.minute()).append(':').append(share.spans());
        }
        return text.toString();
    }

    /// @throws IllegalArgumentException when the text is none of a provenance
    public static Provenance parse(String text) {
        var matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "provenance: \"" + text + "\" (expected: partition=… entry=… minute:spans …)");
        }
        var shares = new ArrayList<Share>(1);
        for (String share : matcher.group(4).split(" ", -1)) {
            int colon = share.indexOf(':');
            if (colon > 0) {
                shares.add(
                        new Share(
                                Long.parseLong(share.substring(0, colon)),
                                Integer.parseInt(share.substring(colon + 1))));
            }
        }
        return new Provenance(
                matcher.group(1) == null ? Cell.OURS : matcher.group(1),
                Integer.parseInt(matcher.group(2)),
                Long.parseLong(matcher.group(3)),
                shares);
    }
}
