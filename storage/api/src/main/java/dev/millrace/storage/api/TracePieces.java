package dev.millrace.storage.api;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/// The bodies of all pieces of a trace, each read from the store when its turn comes.
///
/// Each iteration reads the trace anew; one that meets a [StoreException] can be asked again for
/// the same piece.
public record TracePieces(TraceStore store, Tenant tenant, TraceId traceId)
        implements Iterable<Slice> {

    @Override
    public Iterator<Slice> iterator() {
        return new Iterator<>() {
            private Optional<String> from = Optional.empty();
            private Optional<TracePiece> piece = Optional.empty();
            private boolean over;

            @Override
            public boolean hasNext() {
                if (piece.isEmpty() && !over) {
                    piece = store.piece(tenant, traceId, from);
                    over = piece.isEmpty();
                }
                return piece.isPresent();
            }

            @Override
            public Slice next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                var current = piece.orElseThrow();
                from = current.next();
                over = from.isEmpty();
                piece = Optional.empty();
                return current.body();
            }
        };
    }
}
