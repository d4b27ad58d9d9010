package dev.millrace.load;

import java.util.List;
import java.util.stream.Stream;

/// How what is stored differs from what was sent.
///
/// @param matched spans stored as they should be
/// @param lost acknowledged and not there
/// @param duplicated stored more than once; one entry for each copy too many
/// @param altered there, with a body that was not sent or that the duplicate rule does not prefer
/// @param unexpected there, but never sent or refused
public record Comparison(
        long matched,
        List<SpanIdentity> lost,
        List<SpanIdentity> duplicated,
        List<SpanIdentity> altered,
        List<SpanIdentity> unexpected) {

    private static final int EXAMPLES = 5;

    public Comparison {
        lost = List.copyOf(lost);
        duplicated = List.copyOf(duplicated);
        altered = List.copyOf(altered);
        unexpected = List.copyOf(unexpected);
    }

    /// This and the comparison of other traces.
    public Comparison and(Comparison others) {
        return new Comparison(
                matched + others.matched,
                both(lost, others.lost),
                both(duplicated, others.duplicated),
                both(altered, others.altered),
                both(unexpected, others.unexpected));
    }

    private static List<SpanIdentity> both(List<SpanIdentity> some, List<SpanIdentity> others) {
        return Stream.concat(some.stream(), others.stream()).toList();
    }

    public boolean isClean() {
        return lost.isEmpty() && duplicated.isEmpty() && altered.isEmpty() && unexpected.isEmpty();
    }

    /// The counts, with the first few of each kind of difference.
    @Override
    public String toString() {
        return matched
                + " matched"
                + some("lost", lost)
                + some("duplicated", duplicated)
                + some("altered", altered)
                + some("unexpected", unexpected);
    }

    private static String some(String kind, List<SpanIdentity> spans) {
        return ", "
                + spans.size()
                + " "
                + kind
                + (spans.isEmpty() ? "" : " " + spans.subList(0, Math.min(EXAMPLES, spans.size())));
    }
}
