package dev.millrace.sampling.tail;

/// What may be stored at most, by the whole group of aggregators together.
///
/// @param spansPerSecond 0 for no limit
/// @param bytesPerSecond of traces as they are stored; 0 for no limit
public record Budget(double spansPerSecond, double bytesPerSecond) {

    public static final Budget NONE = new Budget(0, 0);

    public Budget {
        require("spans-per-second", spansPerSecond);
        require("bytes-per-second", bytesPerSecond);
    }

    private static void require(String name, double rate) {
        if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    name + ": " + rate + " (expected: 0 for no limit, or a rate)");
        }
    }

    public boolean isUnlimited() {
        return spansPerSecond == 0 && bytesPerSecond == 0;
    }
}
