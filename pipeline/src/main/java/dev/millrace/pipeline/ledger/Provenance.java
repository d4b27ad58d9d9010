package dev.millrace.pipeline.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Which spans a record of `traces-complete` accounts for: the value of its header `provenance`.
///
/// @param partition of `spans` where they come from
/// @param entry the number of the entry in `ledger` that is committed with the record
public record Provenance(int partition, long entry, List<Share> shares) {

    private static final Pattern TEXT =
            Pattern.compile("partition=(\\d+) entry=(\\d+)((?: -?\\d+:\\d+)*)");

    /// How many of them came in one minute.
    ///
    /// @param minute of the log's time, in minutes since the epoch
    public record Share(long minute, int spans) {}

    public Provenance {
        shares = List.copyOf(shares);
    }

    /// Such as `partition=3 entry=17 29384711:12 29384712:3`, the shares as minute and spans.
    public String text() {
        var text = new StringBuilder(48);
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
        for (String share : matcher.group(3).split(" ", -1)) {
            int colon = share.indexOf(':');
            if (colon > 0) {
                shares.add(
                        new Share(
                                Long.parseLong(share.substring(0, colon)),
                                Integer.parseInt(share.substring(colon + 1))));
            }
        }
        return new Provenance(
                Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2)), shares);
    }
}
