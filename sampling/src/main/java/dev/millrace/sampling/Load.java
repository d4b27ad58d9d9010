package dev.millrace.sampling;

/// How busy a machine is.
///
/// @param cpu used share of the processors, from 0 to 1; NaN when unknown
/// @param memory used share of the memory, from 0 to 1; NaN when unknown
public record Load(double cpu, double memory) {

    /// Of nobody.
    public static final Load NONE = new Load(Double.NaN, Double.NaN);

    /// The greater of each.
    public Load max(Load other) {
        return new Load(greater(cpu, other.cpu), greater(memory, other.memory));
    }

    private static double greater(double one, double other) {
        return Double.isNaN(one) || other > one ? other : one;
    }
}
