package dev.millrace.storage.local;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.NumericUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The figures of services: an index of its own with one document for each tenant, minute and
/// partition.
///
/// A document's key is the tenant, the minute and the partition, spelled so that keys sort in that
/// order: a range of minutes is a walk through the terms, and writing a key again replaces what was
/// there. A write is a commit. There are few of them, a minute's figures being written as one, so
/// they take turns and merge what there is to merge on the way. Safe for any number of threads.
///
/// [LocalTraceStore] has one beside its traces. Others may have one by itself, in a directory that
/// they keep everybody else from; a position in a log can go into the commits of those.
public final class DependencyIndex implements AutoCloseable {

    private static final String KEY = "k";
    private static final String MINUTE = "m";
    private static final String BODY = "b";
    private static final String POSITION = "position";
    private static final int LEVEL = 3;
    private static final int MAX_BODY_BYTES = 256 * 1024 * 1024;
    private static final Logger LOG = LoggerFactory.getLogger(DependencyIndex.class);

    private final Path path;
    private final AtomicLong setAside = new AtomicLong();

    // Guarded by this, but for the reader, which is read without.
    private @Nullable FSDirectory directory;
    private @Nullable IndexWriter writer;
    private volatile @Nullable DirectoryReader reader;

    /// Since the start something was lost that lay before any position.
    private boolean incomplete;

    /// @param path created when missing
    public DependencyIndex(Path path) {
        this.path = path;
    }

    /// Opens what is there, for reading.
    public synchronized void start() throws IOException {
        Files.createDirectories(path);
        try {
            open();
        } catch (IOException | IllegalArgumentException e) {
            if (!Damage.isShownBy(e)) {
                throw e;
            }
            repair(e);
        }
        incomplete = false;
    }

    private void open() throws IOException {
        var index = FSDirectory.open(path);
        boolean opened = false;
        try {
            if (index.listAll().length == 0) {
                try (var empty = new IndexWriter(index, config())) {
                    empty.commit();
                }
            }
            reader = DirectoryReader.open(index);
            directory = index;
            opened = true;
        } finally {
            if (!opened) {
                index.close();
            }
        }
    }

    private static IndexWriterConfig config() {
        return new IndexWriterConfig()
                .setMergeScheduler(new SerialMergeScheduler())
                .setUseCompoundFile(true);
    }

    // Without the segments that are damaged, or anew when they cannot be told. Readers see what
    // there was until then.
    private void repair(Exception cause) throws IOException {
        incomplete = true;
        abandon();
        var seen = reader;
        var index = directory;
        if (!openWithoutDamaged(cause)) {
            Path place = Damage.setAside(path);
            Files.createDirectories(path);
            open();
            tell(place, cause);
        }
        if (seen != null) {
            seen.decRef();
        }
        if (index != null) {
            index.close();
        }
    }

    private boolean openWithoutDamaged(Exception cause) throws IOException {
        Path place = Damage.place(path);
        try (var index = FSDirectory.open(path)) {
            // Not everything before the position is here any more.
            if (Damage.takeOut(index, place, _ -> Map.of()).isEmpty()) {
                return false;
            }
            open();
            tell(place, cause);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            if (!Damage.isShownBy(e)) {
                throw e;
            }
            return false;
        }
    }

    private void tell(Path place, Exception cause) {
        setAside.incrementAndGet();
        LOG.atError()
                .addKeyValue("store", place)
                .addKeyValue("error", cause.toString())
                .log("Figures of services are damaged and were set aside; they are missing");
    }

    /// How often something was damaged and set aside since the start.
    public long setAside() {
        return setAside.get();
    }

    /// Keeps these minutes in place of what is kept of them; the position stays.
    public void write(List<DependencyMinute> minutes) throws IOException {
        write(minutes, Map::copyOf);
    }

    /// Keeps these minutes in place of what is kept of them, together with how far in a log all of
    /// it goes: after a crash both are there, or neither.
    ///
    /// What is damaged takes the position with it: none is kept from then on until the index is
    /// started anew, for whoever goes on from there would never bring back what is missing.
    ///
    /// @param position empty to forget it
    public void write(List<DependencyMinute> minutes, OptionalLong position) throws IOException {
        var data =
                position.isPresent()
                        ? Map.of(POSITION, Long.toString(position.getAsLong()))
                        : Map.<String, String>of();
        write(minutes, _ -> data);
    }

    private synchronized void write(
            List<DependencyMinute> minutes, UnaryOperator<Map<String, String>> commitData)
            throws IOException {
        try {
            update(minutes, commitData);
        } catch (IOException e) {
            if (!Damage.isShownBy(e)) {
                throw e;
            }
            repair(e);
            update(minutes, commitData);
        }
    }

    /// How far in a log everything goes, as the last write that told said. Empty when none did, or
    /// when something was damaged and set aside since.
    public OptionalLong position() throws IOException {
        var held = acquire();
        try {
            String position = held.getIndexCommit().getUserData().get(POSITION);
            return position == null
                    ? OptionalLong.empty()
                    : OptionalLong.of(Long.parseLong(position));
        } finally {
            held.decRef();
        }
    }

    private void update(
            List<DependencyMinute> minutes, UnaryOperator<Map<String, String>> commitData)
            throws IOException {
        change(open -> {
            var last = new HashMap<String, String>();
            var committed = open.getLiveCommitData();
            if (committed != null) {
                committed.forEach(entry -> last.put(entry.getKey(), entry.getValue()));
            }
            var data = incomplete ? Map.<String, String>of() : commitData.apply(last);
            if (!data.equals(last)) {
                open.setLiveCommitData(data.entrySet());
            }
            for (var minute : minutes) {
                var document = new Document();
                var key = key(minute.tenant(), minute.minute(), minute.partition());
                document.add(new StringField(KEY, key, Field.Store.NO));
                document.add(NumericDocValuesField.indexedField(MINUTE, minute.minute()));
                document.add(new BinaryDocValuesField(BODY, body(minute)));
                open.updateDocument(new Term(KEY, key), document);
            }
        });
    }

    private interface Change {
        void apply(IndexWriter open) throws IOException;
    }

    // What fails leaves no writer, so that the next begins with what was last committed.
    private void change(Change change) throws IOException {
        var index = directory;
        var seen = reader;
        if (index == null || seen == null) {
            throw new IOException("the store is closed");
        }
        boolean done = false;
        try {
            if (writer == null) {
                writer = new IndexWriter(index, config());
            }
            change.apply(writer);
            writer.commit();
            var newer = DirectoryReader.openIfChanged(seen);
            if (newer != null) {
                reader = newer;
                seen.decRef();
            }
            done = true;
        } finally {
            if (!done) {
                abandon();
            }
        }
    }

    private void abandon() throws IOException {
        var open = writer;
        writer = null;
        if (open != null) {
            open.rollback();
        }
    }

    /// What is kept of some minutes, every partition by itself, in no order.
    ///
    /// @param from the first of them, minutes since the epoch
    /// @param to the one after the last
    public List<DependencyMinute> find(Tenant tenant, long from, long to) throws IOException {
        var held = acquire();
        try {
            return find(held, tenant, from, to);
        } catch (IOException | RuntimeException | InternalError e) {
            if (!isDamaged(held)) {
                throw e;
            }
        } finally {
            held.decRef();
        }
        repairIfDamaged();
        held = acquire();
        try {
            return find(held, tenant, from, to);
        } finally {
            held.decRef();
        }
    }

    // Another thread may have seen to it already.
    private synchronized void repairIfDamaged() throws IOException {
        var now = reader;
        if (now != null && isDamaged(now)) {
            repair(new IOException("a checksum differs"));
        }
    }

    private static boolean isDamaged(DirectoryReader held) throws IOException {
        for (var leaf : held.leaves()) {
            if (Window.isDamaged(leaf.reader())) {
                return true;
            }
        }
        return false;
    }

    private DirectoryReader acquire() throws IOException {
        while (true) {
            var current = reader;
            if (current == null) {
                throw new IOException("the store is closed");
            }
            if (current.tryIncRef()) {
                return current;
            }
            Thread.onSpinWait();
        }
    }

    private static List<DependencyMinute> find(
            DirectoryReader held, Tenant tenant, long from, long to) throws IOException {
        var found = new ArrayList<DependencyMinute>();
        var first = key(tenant, from, 0);
        var end = key(tenant, to, 0);
        for (var leaf : held.leaves()) {
            var terms = leaf.reader().terms(KEY);
            if (terms == null) {
                continue;
            }
            var walk = terms.iterator();
            if (walk.seekCeil(first) == TermsEnum.SeekStatus.END) {
                continue;
            }
            @Nullable PostingsEnum postings = null;
            for (BytesRef term = walk.term();
                    term != null && term.compareTo(end) < 0;
                    term = walk.next()) {
                postings = walk.postings(postings, PostingsEnum.NONE);
                read(leaf.reader(), postings, tenant, term, found);
            }
        }
        return found;
    }

    private static void read(
            LeafReader segment,
            PostingsEnum postings,
            Tenant tenant,
            BytesRef key,
            List<DependencyMinute> into)
            throws IOException {
        var live = segment.getLiveDocs();
        while (postings.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
            if (live == null || live.get(postings.docID())) {
                var values = segment.getBinaryDocValues(BODY);
                if (values == null || !values.advanceExact(postings.docID())) {
                    throw Snapshot.corrupt("a minute without its figures");
                }
                into.add(minute(tenant, key, values.binaryValue()));
            }
        }
    }

    /// Deletes the figures of minutes before this one; those of no minute in particular stay.
    public synchronized void expire(long minute) throws IOException {
        if (minute > 1 && oldest() < minute) {
            change(open ->
                    open.deleteDocuments(
                            NumericDocValuesField.newSlowRangeQuery(MINUTE, Long.MIN_VALUE, -1),
                            NumericDocValuesField.newSlowRangeQuery(MINUTE, 1, minute - 1)));
        }
    }

    // The least minute that is not 0, to save a commit when there is nothing to delete.
    private long oldest() throws IOException {
        var held = acquire();
        try {
            long oldest = Long.MAX_VALUE;
            for (var leaf : held.leaves()) {
                var live = leaf.reader().getLiveDocs();
                var minutes = leaf.reader().getNumericDocValues(MINUTE);
                while (minutes != null && minutes.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
                    if (minutes.longValue() != 0 && (live == null || live.get(minutes.docID()))) {
                        oldest = Math.min(oldest, minutes.longValue());
                    }
                }
            }
            return oldest;
        } finally {
            held.decRef();
        }
    }

    /// The bytes of its files.
    public long bytes() throws IOException {
        long bytes = 0;
        try (var files = Files.newDirectoryStream(path)) {
            for (var file : files) {
                try {
                    bytes += Files.size(file);
                } catch (NoSuchFileException _) {
                    // Merged away since the listing.
                }
            }
        }
        return bytes;
    }

    /// Puts what is committed into another directory of the same file system, by links.
    synchronized void linkTo(Path target) throws IOException {
        var index = directory;
        if (index != null) {
            BackUp.link(index, target);
        }
    }

    // The tenant's name, a byte 0 which no name has, the minute and the partition.
    private static BytesRef key(Tenant tenant, long minute, int partition) {
        byte[] name = tenant.name().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        byte[] key = new byte[name.length + 1 + Long.BYTES + Integer.BYTES];
        System.arraycopy(name, 0, key, 0, name.length);
        NumericUtils.longToSortableBytes(minute, key, name.length + 1);
        ByteBuffer.wrap(key).putInt(name.length + 1 + Long.BYTES, partition);
        return new BytesRef(key);
    }

    // The length of what is compressed, and a zstd frame.
    private static BytesRef body(DependencyMinute minute) {
        var delta =
                new DependencyDelta(
                        minute.tenant(),
                        new DependencyDelta.Origin("", minute.partition(), minute.upTo()),
                        minute.entries());
        byte[] plain = delta.encode().toByteArray();
        byte[] frame = Zstd.compress(plain, LEVEL);
        var body = ByteBuffer.allocate(Integer.BYTES + frame.length);
        return new BytesRef(body.putInt(plain.length).put(frame).array());
    }

    private static DependencyMinute minute(Tenant tenant, BytesRef key, BytesRef body) {
        int end = key.offset + key.length;
        long minute = NumericUtils.sortableBytesToLong(key.bytes, end - Integer.BYTES - Long.BYTES);
        int partition = ByteBuffer.wrap(key.bytes).getInt(end - Integer.BYTES);
        try {
            var value = ByteBuffer.wrap(body.bytes, body.offset, body.length);
            int length = value.getInt();
            if (length < 0 || length > MAX_BODY_BYTES) {
                throw Snapshot.corrupt("figures of " + length + " bytes");
            }
            byte[] frame = new byte[value.remaining()];
            value.get(frame);
            var delta = DependencyDelta.decode(Slice.of(Zstd.decompress(frame, length)));
            return new DependencyMinute(
                    tenant, minute, partition, delta.origin().commit(), delta.entries());
        } catch (ZstdException
                | MalformedSpansException
                | IllegalArgumentException
                | java.nio.BufferUnderflowException e) {
            throw new StoreException(
                    StoreException.Kind.CORRUPT, "figures cannot be read: " + e, e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        try {
            abandon();
        } finally {
            var seen = reader;
            reader = null;
            if (seen != null) {
                seen.decRef();
            }
            var index = directory;
            directory = null;
            if (index != null) {
                index.close();
            }
        }
    }
}
