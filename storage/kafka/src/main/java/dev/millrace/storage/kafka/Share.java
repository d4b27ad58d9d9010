package dev.millrace.storage.kafka;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.kafka.Contents.FiguresReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/// What this instance has of the partitions that one question asks it for.
///
/// A partition that is not here, or goes away or fails while it is read, is left out of the answer
/// and named. Not safe for threads.
final class Share {

    /// Why a partition is not in an answer that nothing has gone wrong with.
    static final String NOT_HERE = "does not have it";

    private final Partitions partitions;
    private final List<Integer> asked;
    private final BooleanSupplier over;
    private final Map<Integer, Standing> given = new TreeMap<>();
    private final Map<Integer, String> lacking = new TreeMap<>();

    /// @param over whether nobody waits for the answer any more
    Share(Partitions partitions, List<Integer> asked, BooleanSupplier over) {
        this.partitions = partitions;
        this.asked = asked;
        this.over = over;
    }

    /// Reads one partition after the other, until nobody waits for the answer any more.
    ///
    /// @return what was read of those that answered
    <T> List<T> eachTraces(Function<TraceStore, T> reading) {
        return each(contents -> reading.apply(contents.traces()));
    }

    /// The same of figures.
    <T> List<T> eachFigures(Function<FiguresReader, T> reading) {
        return each(contents -> reading.apply(contents.figures()));
    }

    private <T> List<T> each(Function<Contents, T> reading) {
        var read = new ArrayList<T>(asked.size());
        for (int partition : asked) {
            if (over.getAsBoolean()) {
                throw new StoreException(Kind.UNAVAILABLE, "nobody waits for the answer any more");
            }
            var here = partitions.here(partition);
            if (here.isEmpty()) {
                lacking.put(partition, NOT_HERE);
                continue;
            }
            var held = here.get();
            try {
                read.add(reading.apply(held.contents()));
                given.put(partition, new Standing(held.active(), held.behind()));
            } catch (StoreException e) {
                if (isFinal(e.kind())) {
                    throw e;
                }
                lacking.put(partition, String.valueOf(e.getMessage()));
            }
        }
        return read;
    }

    /// Whether a copy of the partition elsewhere would say the same.
    static boolean isFinal(Kind kind) {
        return switch (kind) {
            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, OVER_CAPACITY -> true;
            case UNAVAILABLE, CORRUPT, BUG -> false;
        };
    }

    /// The partitions that answered.
    Map<Integer, Standing> given() {
        return given;
    }

    /// Why each of the others did not.
    Map<Integer, String> lacking() {
        return lacking;
    }
}
