package dev.millrace.pipeline;

import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/// Brings a batch to where it belongs: its dead letters to their topic, its fragments to the store.
///
/// Blocks while it does. Safe for any number of threads, each with a batch of its own.
final class BatchWriter {

    private final TraceStore store;
    private final DeadLetterWriter deadLetters;
    private final IngesterMeters meters;
    private final WritePortion portion;

    /// @param portion of a batch that goes to the store at once
    BatchWriter(
            TraceStore store,
            DeadLetterWriter deadLetters,
            IngesterMeters meters,
            WritePortion portion) {
        this.store = store;
        this.deadLetters = deadLetters;
        this.meters = meters;
        this.portion = portion;
    }

    /// Returns why the batch could not be written, to be tried again later; null when it is durable
    /// as a whole.
    @Nullable RuntimeException write(IngestBatch batch) {
        while (true) {
            try {
                tryToWrite(batch);
                return null;
            } catch (RuntimeException e) {
                meters.failed(e);
                try {
                    if (!examine(batch, e)) {
                        return e;
                    }
                } catch (StoreException away) {
                    meters.failed(away);
                    return away;
                }
            }
        }
    }

    private void tryToWrite(IngestBatch batch) {
        List<DeadLetterWriter.Letter> letters = batch.letters();
        if (!letters.isEmpty()) {
            deadLetters.write(letters);
            batch.lettersWritten();
        }
        for (var fragments = batch.unwritten(portion.bytes());
                !fragments.isEmpty();
                fragments = batch.unwritten(portion.bytes())) {
            write(fragments);
            meters.stored(batch.written(fragments.size()), fragments.size());
        }
    }

    private void write(List<Fragment> fragments) {
        long start = meters.clock().monotonicTime();
        try {
            store.write(fragments);
            portion.taken(
                    fragments.stream().mapToLong(fragment -> fragment.body().length()).sum(),
                    meters.clock().monotonicTime() - start);
        } catch (StoreException e) {
            if (isTemporary(e)) {
                portion.failed();
            }
            throw e;
        } finally {
            meters.writeTook(meters.clock().monotonicTime() - start);
        }
    }

    private static boolean isTemporary(StoreException failure) {
        return switch (failure.kind()) {
            case UNAVAILABLE, OVER_CAPACITY -> true;
            case INVALID_REQUEST, NOT_SUPPORTED, TOO_LARGE, CORRUPT, BUG -> false;
        };
    }

    /// Looks for fragments that are the reason themselves, and puts them aside.
    ///
    /// @return whether there were any, so that trying again makes sense at once
    /// @throws StoreException when the store is away meanwhile; what it was not asked about is left
    ///   for the next time
    private boolean examine(IngestBatch batch, RuntimeException failure) {
        boolean refused = isRefusal(failure);
        boolean mishandled =
                failure instanceof StoreException known
                        ? known.kind() == StoreException.Kind.BUG
                        : !(failure instanceof KafkaException);
        if (!refused && !mishandled) {
            return false;
        }
        return batch.condemnMalformed() || (refused && batch.condemnRefused(this::refusal));
    }

    private @Nullable String refusal(Fragment fragment) {
        try {
            store.write(List.of(fragment));
            return null;
        } catch (RuntimeException e) {
            if (e instanceof StoreException away && isTemporary(away)) {
                // It would not answer for the others either, and let us wait for each of them.
                throw away;
            }
            return isRefusal(e) ? String.valueOf(e.getMessage()) : null;
        }
    }

    private static boolean isRefusal(RuntimeException failure) {
        return failure instanceof StoreException known
                && known.kind() == StoreException.Kind.INVALID_REQUEST;
    }
}
