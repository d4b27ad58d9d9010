package dev.millrace.storage.local;

import dev.millrace.storage.api.Fragment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.SegmentReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.FSDirectory;
import org.jspecify.annotations.Nullable;

/// One stretch of time: a directory with an index, always open for reading, open for writing while
/// data for it comes in. Safe for any number of threads.
final class Window {

    private final Path path;
    private final long startSeconds;
    private final FSDirectory directory;
    private final Dictionaries dictionaries;

    // Writers hold the read side; whoever closes the writer or the window holds the write side.
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
    private final Object opening = new Object();
    private volatile @Nullable WindowWriter writer;
    private volatile @Nullable DirectoryReader reader;
    private volatile boolean written;

    // Segments that were on disk at the opening and have not been read through since.
    private final Set<String> unread = ConcurrentHashMap.newKeySet();

    private Window(Path path, long startSeconds, FSDirectory directory, Dictionaries dictionaries) {
        this.path = path;
        this.startSeconds = startSeconds;
        this.directory = directory;
        this.dictionaries = dictionaries;
    }

    /// Opens the window for reading.
    static Window open(Path path, long startSeconds, Dictionaries dictionaries) throws IOException {
        var directory = FSDirectory.open(path);
        var window = new Window(path, startSeconds, directory, dictionaries);
        try {
            var found = DirectoryReader.open(directory);
            deleteLeftOvers(directory);
            found.leaves().forEach(leaf -> window.unread.add(name(leaf.reader())));
            window.reader = found;
            return window;
        } finally {
            if (window.reader == null) {
                directory.close();
            }
        }
    }

    Path path() {
        return path;
    }

    long startSeconds() {
        return startSeconds;
    }

    /// How many fragments and spans a write added, the rest being there already.
    record Written(int fragments, int spans) {}

    /// Adds and commits.
    ///
    /// @return null when the window is gone; nothing was written then
    /// @throws org.apache.lucene.index.CorruptIndexException when the window is damaged
    @Nullable Written write(List<Fragment> fragments, FragmentDocument document)
            throws IOException {
        use.readLock().lock();
        try {
            if (reader == null) {
                return null;
            }
            written = true;
            var open = openWriter();
            try {
                return write(fragments, document, open);
            } catch (IOException | RuntimeException e) {
                if (!open.hasFailed()) {
                    throw e;
                }
                open.checkUndamaged();
                throw new IOException("the writer of " + path + " failed and closed: " + e, e);
            }
        } finally {
            use.readLock().unlock();
        }
    }

    private Written write(List<Fragment> fragments, FragmentDocument document, WindowWriter open)
            throws IOException {
        int added = 0;
        int spans = 0;
        for (var fragment : fragments) {
            if (open.add(fragment, document, dictionaries)) {
                added++;
                spans += document.spans();
                if (dictionaries.wantsSamplesOf(startSeconds)) {
                    dictionaries.offer(startSeconds, document.sample());
                }
            }
        }
        open.commit();
        return new Written(added, spans);
    }

    private WindowWriter openWriter() throws IOException {
        synchronized (opening) {
            var open = writer;
            if (open != null && open.hasFailed()) {
                writer = null;
                open.abandon();
                open.checkUndamaged();
                open = null;
            }
            if (open == null) {
                open = new WindowWriter(directory, this::refresh, this::contains);
                writer = open;
            }
            return open;
        }
    }

    private boolean contains(Fragment fragment) throws IOException {
        var held = acquire();
        if (held == null) {
            return false;
        }
        try {
            return held.docFreq(new Term(Terms.FRAGMENT, Terms.fragment(fragment.id()))) > 0;
        } finally {
            held.decRef();
        }
    }

    /// What is in the window now; the caller gives it back with `decRef`.
    ///
    /// @return null when the window is gone
    @Nullable DirectoryReader acquire() {
        while (true) {
            var current = reader;
            if (current == null || current.tryIncRef()) {
                return current;
            }
            Thread.onSpinWait();
        }
    }

    private static String name(LeafReader segment) {
        return ((SegmentReader) segment).getSegmentName();
    }

    /// Reads all of a segment, and says whether it is other than it was written.
    static boolean isDamaged(LeafReader segment) throws IOException {
        try {
            segment.checkIntegrity();
            return false;
        } catch (IOException | RuntimeException e) {
            if (Damage.isShownBy(e)) {
                return true;
            }
            throw e;
        } catch (InternalError _) {
            // A page of a mapped file that cannot be read.
            return true;
        }
    }

    /// What a look at segments brought.
    record Verified(long bytes, boolean damaged) {}

    /// Reads through segments that were found on disk, as long as they are of so many bytes
    /// together, and stops at the first that is damaged.
    Verified verify(long budget) throws IOException {
        var held = unread.isEmpty() ? null : acquire();
        if (held == null) {
            return new Verified(0, false);
        }
        try {
            long bytes = 0;
            var present = new HashSet<String>();
            for (var leaf : held.leaves()) {
                present.add(name(leaf.reader()));
                if (bytes < budget && unread.contains(name(leaf.reader()))) {
                    if (isDamaged(leaf.reader())) {
                        return new Verified(bytes, true);
                    }
                    unread.remove(name(leaf.reader()));
                    bytes += ((SegmentReader) leaf.reader()).getSegmentInfo().sizeInBytes();
                }
            }
            unread.retainAll(present);
            return new Verified(bytes, false);
        } finally {
            held.decRef();
        }
    }

    /// Goes on without the segments that are damaged; what was not committed is written again by
    /// those who were about to.
    ///
    /// @param place where the files of those segments go
    /// @return those segments; none when all are sound
    List<Damage.Segment> takeOutDamaged(Path place) throws IOException {
        use.writeLock().lock();
        try {
            if (reader == null) {
                return List.of();
            }
            var open = writer;
            writer = null;
            if (open != null) {
                open.abandon();
            }
            var taken = Damage.takeOut(directory, place);
            swap(DirectoryReader.open(directory));
            return taken;
        } finally {
            use.writeLock().unlock();
        }
    }

    /// Puts what is committed into another directory of the same file system, by links.
    void linkTo(Path target) throws IOException {
        use.writeLock().lock();
        try {
            if (reader == null) {
                return;
            }
            BackUp.link(directory, target);
        } finally {
            use.writeLock().unlock();
        }
    }

    // Called by one committing thread at a time.
    private void refresh(IndexWriter from) throws IOException {
        var current = reader;
        if (current != null) {
            var newer = DirectoryReader.openIfChanged(current, from);
            if (newer != null) {
                swap(newer);
            }
        }
    }

    private void swap(@Nullable DirectoryReader newer) throws IOException {
        var old = reader;
        reader = newer;
        if (old != null) {
            old.decRef();
        }
    }

    /// The bytes of its files.
    long bytes() throws IOException {
        long bytes = 0;
        try (var files = Files.newDirectoryStream(path)) {
            for (var file : files) {
                try {
                    bytes += Files.size(file);
                } catch (NoSuchFileException _) {
                    // Merged away since the listing.
                }
            }
        } catch (NoSuchFileException _) {
            // Dropped meanwhile.
        }
        return bytes;
    }

    /// The dictionaries that bodies of this window need.
    Set<Integer> dictionariesUsed() throws IOException {
        var held = acquire();
        if (held == null) {
            return Set.of();
        }
        try {
            return new HashSet<>(WindowWriter.dictionaries(held.getIndexCommit().getUserData()));
        } finally {
            held.decRef();
        }
    }

    /// Closes the writer when nobody has written since this was last asked.
    void closeWriterIfIdle() throws IOException {
        if (!written && isWriting()) {
            closeWriter();
        }
        written = false;
    }

    boolean isWriting() {
        return writer != null;
    }

    /// Closes the writer unless it is in use.
    ///
    /// @return whether it is closed now
    boolean closeWriter() throws IOException {
        if (!use.writeLock().tryLock()) {
            return false;
        }
        try {
            var open = writer;
            writer = null;
            if (open != null) {
                if (open.hasFailed()) {
                    open.abandon();
                } else {
                    open.close();
                }
            }
            if (open != null && reader != null) {
                swap(DirectoryReader.open(directory));
                deleteLeftOvers(directory);
            }
            return true;
        } finally {
            use.writeLock().unlock();
        }
    }

    // What a crash has left, and what a writer could not delete because it was still read when it
    // closed. A window that is not written again would keep it for good. Nobody writes meanwhile.
    private static void deleteLeftOvers(FSDirectory index) throws IOException {
        var used = new HashSet<>(SegmentInfos.readLatestCommit(index).files(true));
        used.add(IndexWriter.WRITE_LOCK_NAME);
        for (String file : index.listAll()) {
            if (!used.contains(file)) {
                index.deleteFile(file);
            }
        }
    }

    /// Ends all writing and reading, without waiting for merges; readers that are held stay usable.
    void close() throws IOException {
        use.writeLock().lock();
        try {
            var open = writer;
            writer = null;
            try {
                if (open != null) {
                    open.abandon();
                }
            } finally {
                swap(null);
                directory.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }
}
