package dev.millrace.storage.local;

import dev.millrace.model.Slice;
import dev.millrace.storage.api.Fragment;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.InvertableType;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.util.BytesRef;

/// A fragment as the index takes it in: [Terms] says which fields there are.
///
/// One is filled again and again, and its fields handed out again and again, because a fragment has
/// a hundred of them. Not safe for threads.
final class FragmentDocument implements Iterable<IndexableField>, AutoCloseable {

    private static final FieldType TERM = new FieldType();

    static {
        TERM.setIndexOptions(IndexOptions.DOCS);
        TERM.setOmitNorms(true);
        TERM.setTokenized(false);
        TERM.freeze();
    }

    private final FragmentScan scan = new FragmentScan();
    private final BodyEncoder encoder = new BodyEncoder();
    private final BytesRef condition = new BytesRef();
    private final TermField conditionField = new TermField(Terms.CONDITIONS, condition);
    private final TermField trace = new TermField(Terms.TRACE, new BytesRef());
    private final TermField fragment = new TermField(Terms.FRAGMENT, new BytesRef());
    private final Field start = NumericDocValuesField.indexedField(Terms.START, 0);
    private final Field latestStart = NumericDocValuesField.indexedField(Terms.LATEST_START, 0);
    private final Field shortest = NumericDocValuesField.indexedField(Terms.SHORTEST, 0);
    private final Field longest = NumericDocValuesField.indexedField(Terms.LONGEST, 0);
    private final Field longestFailed = NumericDocValuesField.indexedField(Terms.LONGEST_FAILED, 0);
    private final BytesRef value = new BytesRef();
    private final Field body = new BinaryDocValuesField(Terms.BODY, value);

    // The last one only where a span has failed.
    private final IndexableField[] singles = {
        trace, fragment, start, latestStart, shortest, longest, body, longestFailed
    };
    private int singleCount;

    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the body is not OTLP
    void fill(Fragment from, Optional<Dictionary> dictionary) {
        Slice bytes = from.body();
        scan.scan(from.tenant(), bytes);
        encoder.encode(from.traceId(), bytes, dictionary);
        trace.setBytesValue(Terms.trace(from.tenant(), from.traceId()));
        fragment.setBytesValue(Terms.fragment(from.id()));
        start.setLongValue(scan.earliestStart);
        latestStart.setLongValue(Terms.latestStart(scan.latestStart));
        shortest.setLongValue(Terms.duration(scan.shortest));
        longest.setLongValue(Terms.duration(scan.longest));
        boolean failed = scan.longestFailed != Long.MIN_VALUE;
        singleCount = failed ? singles.length : singles.length - 1;
        if (failed) {
            longestFailed.setLongValue(Terms.duration(scan.longestFailed));
        }
        value.bytes = encoder.value;
        value.length = encoder.length;
    }

    int spans() {
        return scan.spans;
    }

    /// What a dictionary should learn from it; valid until the next filling.
    Slice sample() {
        return encoder.text();
    }

    @Override
    public Iterator<IndexableField> iterator() {
        condition.bytes = scan.terms.text.bytes;
        return new Fields();
    }

    @Override
    public void close() {
        encoder.close();
    }

    private final class Fields implements Iterator<IndexableField> {
        private int next;

        @Override
        public boolean hasNext() {
            return next < scan.terms.count() + singleCount;
        }

        @Override
        public IndexableField next() {
            int at = next++;
            if (at < singleCount) {
                return singles[at];
            }
            int term = at - singleCount;
            if (term >= scan.terms.count()) {
                throw new NoSuchElementException();
            }
            condition.offset = scan.terms.offset(term);
            condition.length = scan.terms.length(term);
            return conditionField;
        }
    }

    // Bytes that are a term as they stand, without the detour of a token stream.
    private static final class TermField extends Field {
        TermField(String name, BytesRef bytes) {
            super(name, bytes, TERM);
        }

        @Override
        public InvertableType invertableType() {
            return InvertableType.BINARY;
        }
    }
}
