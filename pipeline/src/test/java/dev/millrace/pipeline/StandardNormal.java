package dev.millrace.pipeline;

import java.util.Arrays;

/// Whether numbers look as if they were drawn from the standard normal distribution.
final class StandardNormal {

    private StandardNormal() {}

    /// The probability that so many numbers drawn from it lie at least as far from its distribution
    /// function as these do (Kolmogorov and Smirnov).
    static double pValue(double[] numbers) {
        var sorted = numbers.clone();
        Arrays.sort(sorted);
        double count = sorted.length;
        double farthest = 0;
        for (int i = 0; i < sorted.length; i++) {
            double below = cumulative(sorted[i]);
            farthest = Math.max(farthest, Math.max((i + 1) / count - below, below - i / count));
        }
        double root = Math.sqrt(count);
        double scaled = (root + 0.12 + 0.11 / root) * farthest;
        double sum = 0;
        for (int k = 1; k <= 100; k++) {
            sum += (k % 2 == 1 ? 2 : -2) * Math.exp(-2 * k * k * scaled * scaled);
        }
        return Math.clamp(sum, 0, 1);
    }

    /// Within 1.5e-7 (Abramowitz and Stegun, 7.1.26).
    private static double cumulative(double z) {
        double x = Math.abs(z) / Math.sqrt(2);
        double t = 1 / (1 + 0.3275911 * x);
        double polynomial =
                ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t
                                + 0.254829592)
                        * t;
        double error = 1 - polynomial * Math.exp(-x * x);
        return z >= 0 ? (1 + error) / 2 : (1 - error) / 2;
    }
}
