package dev.millrace.storage.local;

import dev.millrace.assembly.TraceMerge;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.StoreException;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.StringHelper;
import org.jspecify.annotations.Nullable;

/// All windows as they were at one moment, held open for one question. Not safe for threads.
final class Snapshot implements AutoCloseable {

    /// Where a fragment lies.
    ///
    /// @param start the earliest start of its spans
    record Place(Segment segment, int document, long start) {}

    private final List<DirectoryReader> held = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private final BodyDecoder decoder;

    Snapshot(Windows windows, Dictionaries dictionaries) throws IOException {
        this.decoder = new BodyDecoder(dictionaries);
        for (var window : windows.all()) {
            var reader = window.acquire();
            if (reader != null) {
                held.add(reader);
                for (var leaf : reader.leaves()) {
                    segments.add(new Segment(leaf));
                }
            }
        }
    }

    /// One segment of one window, with what a question keeps open on it.
    static final class Segment {
        final LeafReaderContext leaf;
        private @Nullable TermsEnum traces;
        private @Nullable PostingsEnum postings;

        Segment(LeafReaderContext leaf) {
            this.leaf = leaf;
        }

        LeafReader reader() {
            return leaf.reader();
        }

        private void locate(BytesRef trace, List<Place> places) throws IOException {
            if (traces == null) {
                var terms = reader().terms(Terms.TRACE);
                if (terms == null) {
                    return;
                }
                traces = terms.iterator();
            }
            if (!traces.seekExact(trace)) {
                return;
            }
            postings = traces.postings(postings, PostingsEnum.NONE);
            NumericDocValues starts = reader().getNumericDocValues(Terms.START);
            while (postings.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                int document = postings.docID();
                if (!starts.advanceExact(document)) {
                    throw new StoreException(
                            StoreException.Kind.CORRUPT, "a fragment without its start time");
                }
                places.add(new Place(this, document, starts.longValue()));
            }
        }
    }

    List<DirectoryReader> readers() {
        return held;
    }

    /// Newest window first.
    List<Segment> segments() {
        return segments;
    }

    /// Where the fragments of a trace lie.
    List<Place> locate(BytesRef trace) throws IOException {
        var places = new ArrayList<Place>(2);
        for (var segment : segments) {
            segment.locate(trace, places);
        }
        return places;
    }

    List<Place> locate(Tenant tenant, TraceId traceId) throws IOException {
        return locate(Terms.trace(tenant, traceId));
    }

    /// The trace whose fragments lie there.
    Trace read(TraceId traceId, List<Place> places) throws IOException {
        var bodies = new ArrayList<Slice>(places.size());
        for (var place : places) {
            bodies.add(body(place));
        }
        return new Trace(traceId, OtlpDecoder.spans(TraceMerge.merge(traceId, bodies)));
    }

    private Slice body(Place place) throws IOException {
        BinaryDocValues values = place.segment().reader().getBinaryDocValues(Terms.BODY);
        if (values == null || !values.advanceExact(place.document())) {
            throw new StoreException(StoreException.Kind.CORRUPT, "a fragment without its body");
        }
        return decoder.decode(values.binaryValue());
    }

    /// The body in a stored value.
    Slice decode(BytesRef value) {
        return decoder.decode(value);
    }

    /// Walks the terms that begin with a prefix; the term handed out is valid only for that call.
    void terms(BytesRef prefix, Consumer<BytesRef> each) throws IOException {
        for (var segment : segments) {
            var terms = segment.reader().terms(Terms.CONDITIONS);
            if (terms == null) {
                continue;
            }
            var walk = terms.iterator();
            if (walk.seekCeil(prefix) == TermsEnum.SeekStatus.END) {
                continue;
            }
            for (BytesRef term = walk.term();
                    term != null && StringHelper.startsWith(term, prefix);
                    term = walk.next()) {
                each.accept(term);
            }
        }
    }

    @Override
    public void close() throws IOException {
        decoder.close();
        @Nullable IOException failure = null;
        for (var reader : held) {
            try {
                reader.decRef();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
