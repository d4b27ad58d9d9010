package dev.millrace.sampling;

import java.time.Duration;
import java.util.List;

/// What the collector keeps of the spans that arrive.
///
/// @param enabled false keeps everything as it came
/// @param defaultProbability the share kept where no rule matches
/// @param rules the first that matches a span counts
/// @param spansPerSecond the rate that is let through in all besides errors; 0 for no limit
/// @param spansPerSecondPerService the same for each service of a tenant; 0 for no limit
/// @param rememberedTraces how many error traces are remembered at most
/// @param rememberedFor how long the later spans of an error trace are kept
/// @param maxServices how many services are told apart; the rest share one limit
public record HeadConfig(
        boolean enabled,
        double defaultProbability,
        List<HeadRule> rules,
        double spansPerSecond,
        double spansPerSecondPerService,
        int rememberedTraces,
        Duration rememberedFor,
        int maxServices) {

    /// Keeps everything.
    public static final HeadConfig KEEP_ALL = of(false, 1);

    /// 1 % and every error.
    public static final HeadConfig HEAD = of(true, 0.01);

    /// Everything, until load or a limit lowers it.
    public static final HeadConfig HYBRID = of(true, 1);

    public HeadConfig {
        rules = List.copyOf(rules);
        if (!(defaultProbability >= 0 && defaultProbability <= 1)) {
            throw new IllegalArgumentException(
                    "default-probability: " + defaultProbability + " (expected: 0 to 1)");
        }
        requireRate("spans-per-second", spansPerSecond);
        requireRate("spans-per-second-per-service", spansPerSecondPerService);
        if (rememberedTraces < 1 || rememberedTraces > 100_000_000) {
            throw new IllegalArgumentException(
                    "remembered-traces: " + rememberedTraces + " (expected: 1 to 100000000)");
        }
        if (rememberedFor.compareTo(Duration.ofSeconds(1)) < 0
                || rememberedFor.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException(
                    "remembered-for: " + rememberedFor + " (expected: 1 second to 7 days)");
        }
        if (maxServices < 1) {
            throw new IllegalArgumentException(
                    "max-services: " + maxServices + " (expected: at least 1)");
        }
    }

    private static HeadConfig of(boolean enabled, double probability) {
        return new HeadConfig(
                enabled, probability, List.of(), 0, 0, 500_000, Duration.ofHours(1), 10_000);
    }

    private static void requireRate(String name, double rate) {
        if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    name + ": " + rate + " (expected: 0 for no limit, or a rate)");
        }
    }
}
