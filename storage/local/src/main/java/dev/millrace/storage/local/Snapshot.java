package dev.millrace.storage.local;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.StringHelper;
import org.apache.lucene.util.ThreadInterruptedException;
import org.jspecify.annotations.Nullable;

/// All windows as they were at one moment, held open for one question. Not safe for threads.
///
/// Whatever goes wrong while a segment is read leaves as an [UnreadableSegmentException] that names
/// it.
final class Snapshot implements AutoCloseable {

    /// From how many bytes on a piece of a trace takes in no more fragments.
    private static final int PIECE_BYTES = 4 << 20;

    /// Where a fragment lies.
    ///
    /// @param start the earliest start of its spans
    record Place(Segment segment, int document, long start) {}

    /// A window and its segments.
    record Held(DirectoryReader reader, List<Segment> segments) {

        Held {
            segments = List.copyOf(segments);
        }
    }

    private final List<Held> held = new ArrayList<>();
    private final BodyDecoder decoder;

    Snapshot(Windows windows, Dictionaries dictionaries) {
        this.decoder = new BodyDecoder(dictionaries);
        for (var window : windows.all()) {
            var reader = window.acquire();
            if (reader != null) {
                held.add(
                        new Held(
                                reader,
                                reader.leaves().stream()
                                        .map(leaf -> new Segment(window, leaf))
                                        .toList()));
            }
        }
    }

    /// One segment of one window, with what a question keeps open on it.
    static final class Segment {
        final LeafReaderContext leaf;
        private final Window window;
        private @Nullable TermsEnum traces;
        private @Nullable PostingsEnum postings;

        Segment(Window window, LeafReaderContext leaf) {
            this.window = window;
            this.leaf = leaf;
        }

        LeafReader reader() {
            return leaf.reader();
        }

        Window window() {
            return window;
        }

        /// What a failure to read the segment is thrown as.
        RuntimeException unreadable(Throwable cause) {
            return switch (cause) {
                case AlreadyClosedException e -> e;
                case ThreadInterruptedException e -> e;
                case BodyDecoder.LostDictionaryException e ->
                        new StoreException(
                                StoreException.Kind.CORRUPT, "a body: " + e.getMessage(), e);
                default -> new UnreadableSegmentException(this, cause);
            };
        }

        /// Reads all of it, to tell damage from a mistake.
        boolean isDamaged() throws IOException {
            return Window.isDamaged(reader());
        }

        private void locate(
                BytesRef trace, TraceId traceId, BodyDecoder decoder, List<Place> places) {
            try {
                var found = fragments(trace);
                if (found == null) {
                    return;
                }
                var starts = reader().getNumericDocValues(Terms.START);
                var values = reader().getBinaryDocValues(Terms.BODY);
                while (found.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                    int document = found.docID();
                    if (values == null || !values.advanceExact(document)) {
                        throw corrupt("a fragment without its body");
                    }
                    if (!BodyDecoder.traceId(values.binaryValue()).equals(traceId)) {
                        // Another trace with this lower half, or else damage.
                        decoder.decode(values.binaryValue());
                        continue;
                    }
                    if (starts == null || !starts.advanceExact(document)) {
                        throw corrupt("a fragment without its start time");
                    }
                    places.add(new Place(this, document, starts.longValue()));
                }
            } catch (IOException | RuntimeException | InternalError e) {
                throw unreadable(e);
            }
        }

        private @Nullable PostingsEnum fragments(BytesRef trace) throws IOException {
            if (traces == null) {
                var terms = reader().terms(Terms.TRACE);
                if (terms == null) {
                    return null;
                }
                traces = terms.iterator();
            }
            if (!traces.seekExact(trace)) {
                return null;
            }
            postings = traces.postings(postings, PostingsEnum.NONE);
            return postings;
        }

        private void addTo(VersionSum sum, BytesRef trace) {
            try {
                var found = fragments(trace);
                if (found == null) {
                    return;
                }
                var times = new ArrayList<NumericDocValues>(Terms.TIMES.size());
                for (String field : Terms.TIMES) {
                    times.add(DocValues.getNumeric(reader(), field));
                }
                while (found.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                    sum.beginFragment();
                    for (var time : times) {
                        sum.add(time.advanceExact(found.docID()) ? time.longValue() : 0);
                    }
                    sum.endFragment();
                }
            } catch (IOException | RuntimeException | InternalError e) {
                throw unreadable(e);
            }
        }

        private void terms(BytesRef prefix, Consumer<BytesRef> each) {
            try {
                var terms = reader().terms(Terms.CONDITIONS);
                if (terms == null) {
                    return;
                }
                var walk = terms.iterator();
                if (walk.seekCeil(prefix) == TermsEnum.SeekStatus.END) {
                    return;
                }
                for (BytesRef term = walk.term();
                        term != null && StringHelper.startsWith(term, prefix);
                        term = walk.next()) {
                    each.accept(term);
                }
            } catch (IOException | RuntimeException | InternalError e) {
                throw unreadable(e);
            }
        }
    }

    static StoreException corrupt(String what) {
        return new StoreException(StoreException.Kind.CORRUPT, what);
    }

    /// Newest window first.
    List<Held> windows() {
        return held;
    }

    /// Where the fragments of a trace lie.
    List<Place> locate(Tenant tenant, TraceId traceId) {
        var term = Terms.trace(tenant, traceId);
        var places = new ArrayList<Place>(2);
        for (var window : held) {
            for (var segment : window.segments()) {
                segment.locate(term, traceId, decoder, places);
            }
        }
        return places;
    }

    /// What a trace's fragments say of their times, without their bodies. Fragments of another
    /// trace with the same lower half count as well, which does no harm.
    TraceVersion version(Tenant tenant, TraceId traceId) {
        var term = Terms.trace(tenant, traceId);
        var sum = new VersionSum();
        for (var window : held) {
            for (var segment : window.segments()) {
                segment.addTo(sum, term);
            }
        }
        return sum.version();
    }

    /// What there is of a trace in memory.
    ///
    /// @param whole false when it is only the beginning, because all of it would be too large
    record Part(TraceId traceId, List<Slice> bodies, boolean whole) {

        /// As objects it takes some times as much memory, so ask for them only when they are
        /// needed.
        Trace trace() {
            return new Trace(traceId, OtlpDecoder.spans(TraceMerge.merge(traceId, bodies)));
        }
    }

    /// The trace whose fragments lie there, or the beginning of one that is too large.
    Part read(TraceId traceId, List<Place> places) {
        var inOrder = places.stream().sorted(Comparator.comparingLong(Place::start)).toList();
        var bodies = new ArrayList<Slice>(inOrder.size());
        long bytes = 0;
        for (var place : inOrder) {
            var body = body(place);
            bytes += body.length();
            if (bytes > TraceStore.MAX_WHOLE_BYTES && !bodies.isEmpty()) {
                break;
            }
            bodies.add(body);
        }
        return new Part(traceId, bodies, bodies.size() == inOrder.size());
    }

    /// Some MiB of the trace whose fragments lie there: those that start at `from` or later, up to
    /// a fragment that starts later than the one before, so that its start says where to go on.
    Optional<TracePiece> piece(TraceId traceId, List<Place> places, long from) {
        var rest =
                places.stream()
                        .filter(place -> place.start() >= from)
                        .sorted(Comparator.comparingLong(Place::start))
                        .toList();
        if (rest.isEmpty()) {
            return Optional.empty();
        }
        var bodies = new ArrayList<Slice>();
        long bytes = 0;
        int at = 0;
        do {
            var body = body(rest.get(at));
            bodies.add(body);
            bytes += body.length();
            at++;
        } while (at < rest.size()
                && (bytes < PIECE_BYTES || rest.get(at).start() == rest.get(at - 1).start()));
        return Optional.of(
                new TracePiece(
                        TraceMerge.merge(traceId, bodies),
                        at < rest.size()
                                ? Optional.of(Long.toString(rest.get(at).start()))
                                : Optional.empty()));
    }

    private Slice body(Place place) {
        var segment = place.segment();
        try {
            var values = segment.reader().getBinaryDocValues(Terms.BODY);
            if (values == null || !values.advanceExact(place.document())) {
                throw corrupt("a fragment without its body");
            }
            return decoder.decode(values.binaryValue());
        } catch (IOException | RuntimeException | InternalError e) {
            throw segment.unreadable(e);
        }
    }

    /// The body in a stored value.
    Slice decode(BytesRef value) {
        return decoder.decode(value);
    }

    /// Walks the terms that begin with a prefix; the term handed out is valid only for that call.
    void terms(BytesRef prefix, Consumer<BytesRef> each) {
        for (var window : held) {
            window.segments().forEach(segment -> segment.terms(prefix, each));
        }
    }

    @Override
    public void close() throws IOException {
        decoder.close();
        @Nullable IOException failure = null;
        for (var window : held) {
            try {
                window.reader().decRef();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
