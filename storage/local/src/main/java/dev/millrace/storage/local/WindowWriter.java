package dev.millrace.storage.local;

import dev.millrace.storage.api.Fragment;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogByteSizeMergePolicy;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.NRTCachingDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The writing side of one window, from its opening to its closing or failure.
///
/// Any number of threads may add and commit; a commit of one carries what all have added.
final class WindowWriter {

    private static final String DICTIONARIES = "dictionaries";
    private static final Logger LOG = LoggerFactory.getLogger(WindowWriter.class);
    private static final double BUFFER_MEBIBYTES = 64;

    /// How many segments of about one size there may be before they become one.
    private static final int MERGED_AT_ONCE = 12;

    /// Segments below this count as of one size, however small they are.
    private static final double SMALLEST_MEBIBYTES = 0.25;

    /// Segments up to this are put together in memory, and their files written once, not the parts
    /// of each first.
    private static final double SMALL_MEBIBYTES = 1;

    /// All that one window has in memory for this; a store on Kafka has many windows open.
    private static final double SMALL_TOGETHER_MEBIBYTES = 2;

    /// Sees the index after a commit.
    interface Refresh {
        void after(IndexWriter writer) throws IOException;
    }

    /// Looks a fragment up in what readers see.
    interface LookUp {
        boolean contains(Fragment fragment) throws IOException;
    }

    private final IndexWriter writer;
    private final LogPositions positions;
    private final Set<Integer> dictionariesUsed = new ConcurrentSkipListSet<>();
    private final Refresh refresh;
    private final LookUp lookUp;
    private final AtomicLong added = new AtomicLong();
    private final ReentrantLock committing = new ReentrantLock();
    private volatile long committed;

    WindowWriter(Directory directory, Refresh refresh, LookUp lookUp) throws IOException {
        this.refresh = refresh;
        this.lookUp = lookUp;
        // Never closed: that would close the window's directory. A commit empties it.
        var cached = new NRTCachingDirectory(directory, SMALL_MEBIBYTES, SMALL_TOGETHER_MEBIBYTES);
        this.writer = new IndexWriter(cached, config());
        var data = new HashMap<String, String>();
        var last = writer.getLiveCommitData();
        if (last != null) {
            last.forEach(entry -> data.put(entry.getKey(), entry.getValue()));
        }
        this.positions = LogPositions.of(data);
        this.dictionariesUsed.addAll(dictionaries(data));
        // Asked for at each commit, after the documents of that commit are settled.
        writer.setLiveCommitData(() -> commitData().entrySet().iterator());
    }

    static IndexWriterConfig config() {
        var merges = new Merges();
        merges.setMaxMergesAndThreads(4, 1);
        // Nothing is ever deleted. The tiered policy counts all below 16 MiB as of one size, and
        // writes an index that is filled by small commits twice to three times as often.
        var policy = new LogByteSizeMergePolicy();
        policy.setMergeFactor(MERGED_AT_ONCE);
        policy.setMinMergeMB(SMALLEST_MEBIBYTES);
        policy.setNoCFSRatio(0);
        return new IndexWriterConfig()
                .setIndexSort(new Sort(new SortField(Terms.START, SortField.Type.LONG, true)))
                .setMergePolicy(policy)
                .setMergeScheduler(merges)
                .setRAMBufferSizeMB(BUFFER_MEBIBYTES)
                // Every write ends in a commit: few files to force, and no waiting for merges.
                .setUseCompoundFile(true)
                .setMaxFullFlushMergeWaitMillis(0);
    }

    private Map<String, String> commitData() {
        var data = positions.commitData();
        data.put(
                DICTIONARIES,
                dictionariesUsed.stream().map(String::valueOf).collect(Collectors.joining(",")));
        return data;
    }

    /// The ids of the dictionaries that bodies in a commit need.
    static List<Integer> dictionaries(Map<String, String> commitData) {
        String ids = commitData.getOrDefault(DICTIONARIES, "");
        return ids.isEmpty()
                ? List.of()
                : List.of(ids.split(",")).stream().map(Integer::valueOf).toList();
    }

    /// Whether an error has made it useless; it may still be closing itself then.
    boolean hasFailed() {
        return writer.getTragicException() != null || !writer.isOpen();
    }

    /// @throws CorruptIndexException when the index turned out damaged and the writer closed for it
    void checkUndamaged() throws CorruptIndexException {
        var failure = writer.getTragicException();
        if (failure instanceof CorruptIndexException damage) {
            throw damage;
        }
        if (failure != null && Damage.isShownBy(failure)) {
            throw new CorruptIndexException(
                    "the writer failed", writer.getDirectory().toString(), failure);
        }
    }

    /// Puts the fragment into the index unless it is there.
    ///
    /// @return whether it was new
    boolean add(Fragment fragment, FragmentDocument document, Dictionaries dictionaries)
            throws IOException {
        var partition = positions.partition(fragment.id());
        var place = LogPositions.Place.of(fragment.id());
        if (!partition.isAbove(place)) {
            partition.lock.lock();
            try {
                if (partition.isRecent(place) || lookUp.contains(fragment)) {
                    return false;
                }
            } finally {
                partition.lock.unlock();
            }
        }
        var dictionary = dictionaries.current();
        dictionary.ifPresent(known -> dictionariesUsed.add(known.id()));
        document.fill(fragment, dictionary);
        partition.lock.lock();
        try {
            if (!partition.isAbove(place)
                    && (partition.isRecent(place) || lookUp.contains(fragment))) {
                return false;
            }
            partition.raise(place);
            writer.addDocument(document);
            partition.added(place);
            added.incrementAndGet();
            return true;
        } finally {
            partition.lock.unlock();
        }
    }

    /// Makes everything added until now durable and visible.
    void commit() throws IOException {
        long wanted = added.get();
        if (committed >= wanted) {
            return;
        }
        committing.lock();
        try {
            if (committed >= wanted) {
                return;
            }
            long carried = added.get();
            positions.committing();
            writer.commit();
            refresh.after(writer);
            positions.refreshed();
            committed = carried;
        } finally {
            committing.unlock();
        }
    }

    /// Waits for running merges, commits and closes.
    void close() throws IOException {
        writer.close();
    }

    /// Closes without keeping what was not committed; waits where it is closing already.
    void abandon() throws IOException {
        writer.rollback();
    }

    // The writer fails with the merge, and with it the next write, which is where it is handled.
    private static final class Merges extends ConcurrentMergeScheduler {
        @Override
        protected void handleMergeException(Throwable failure) {
            LOG.atWarn()
                    .addKeyValue("error", failure.toString())
                    .log("Merging failed; the window opens again with the next write to it");
        }
    }
}
