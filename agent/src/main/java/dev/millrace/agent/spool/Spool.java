package dev.millrace.agent.spool;

import dev.millrace.agent.spool.Haul.Place;
import dev.millrace.agent.spool.SpoolObserver.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A queue of parcels on disk, bounded in bytes and age.
///
/// What was appended leaves in its order: [#next(int, int)] gives the oldest parcels out, and they
/// stay until they are [#done]. A process that dies in between gives them out again after it was
/// started anew, so whoever gets them must bear copies. The oldest parcels are dropped where newer
/// ones need the room, and all that are too old; the [SpoolObserver] is told how many spans that
/// were.
///
/// A segment that holds something that no spool wrote is put aside under the name it had and
/// `.corrupt` after it, once everything before that has left. Such files count towards the bound
/// and are the first to make room.
///
/// Not safe for threads. Every call may wait for the disk.
public final class Spool implements AutoCloseable {

    private static final String LOCK = "lock";
    private static final String CURSOR = "cursor";
    // A drained segment goes on being written until it is so large: files are not made for nothing.
    private static final long WORTH_DELETING = 1 << 20;

    private record Found(Segment segment, Frame frame) {}

    private record Corrupt(Path file, long bytes) {}

    private final Path directory;
    private final SpoolLimits limits;
    private final InstantSource clock;
    private final SpoolObserver observer;
    private final Deque<Segment> segments = new ArrayDeque<>();
    private final Deque<Corrupt> corrupt = new ArrayDeque<>();
    private @Nullable FileChannel lock;
    private @Nullable Segment current;
    private @Nullable Haul out;
    private Place head = new Place(0, 0);
    private long nextNumber = 1;
    private OptionalLong oldest = OptionalLong.empty();

    public Spool(Path directory, SpoolLimits limits, InstantSource clock, SpoolObserver observer) {
        this.directory = directory;
        this.limits = limits;
        this.clock = clock;
        this.observer = observer;
    }

    /// Takes the directory over, with all that is in it. May be tried again after it failed.
    ///
    /// @throws IOException when it cannot be written to or another process has it
    public void open() throws IOException {
        Files.createDirectories(directory);
        lock = locked();
        boolean opened = false;
        try {
            var cursor = Cursor.read(file(CURSOR));
            find(cursor);
            // Whoever cannot write here is told now, not when there is something to keep.
            cursor.write(file(CURSOR));
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    private FileChannel locked() throws IOException {
        var channel =
                FileChannel.open(file(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException _) {
            // Told below.
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException(
                directory + ": another process has it (expected: a directory for each agent)");
    }

    private void find(Cursor cursor) throws IOException {
        segments.clear();
        corrupt.clear();
        nextNumber = Math.max(nextNumber, cursor.segment() + 1);
        for (var file : files()) {
            long number = Segment.number(file).orElseThrow();
            nextNumber = Math.max(nextNumber, number + 1);
            if (file.toString().endsWith(Segment.CORRUPT)) {
                corrupt.add(new Corrupt(file, Files.size(file)));
            } else if (number < cursor.segment()) {
                Files.deleteIfExists(file);
            } else {
                segments.add(Segment.found(file, number));
            }
        }
        head = new Place(cursor.segment(), cursor.offset());
        prune();
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> Segment.number(file).isPresent())
                    .sorted(Comparator.comparing(Path::getFileName))
                    .toList();
        }
    }

    /// Keeps the parcels: they are on disk when this returns.
    ///
    /// @throws IOException when they are not, and then none is kept
    public void append(List<Parcel> parcels) throws IOException {
        long length = parcels.stream().mapToLong(Frame::length).sum();
        if (length > Math.min(limits.bytes().bytes(), Integer.MAX_VALUE / 2)) {
            throw new IOException(
                    directory
                            + ": "
                            + length
                            + " bytes at once (expected: at most "
                            + limits.bytes()
                            + ")");
        }
        makeRoom(length);
        var segment = writable(length);
        byte[] frames = new byte[(int) length];
        long now = clock.millis();
        int end = 0;
        for (var parcel : parcels) {
            end = Frame.write(parcel, now, frames, end);
        }
        boolean appended = false;
        try {
            segment.append(ByteBuffer.wrap(frames));
            appended = true;
        } finally {
            if (!appended) {
                abandon(segment);
            }
        }
        if (oldest.isEmpty()) {
            oldest = OptionalLong.of(now);
        }
    }

    private Segment writable(long length) throws IOException {
        var segment = current;
        if (segment != null
                && (segment.size() == 0 || segment.size() + length <= limits.segmentBytes())) {
            return segment;
        }
        var created = Segment.create(directory, nextNumber);
        nextNumber++;
        segments.add(created);
        current = created;
        forceDirectory();
        return created;
    }

    // A file whose name is not on disk is not found after the machine went down.
    private void forceDirectory() throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    // After a write that failed nobody knows what is on disk, so nothing more is written there.
    private void abandon(Segment segment) {
        current = null;
        try {
            segment.forget();
            if (segment.size() == 0) {
                segments.remove(segment);
                segment.delete();
            }
        } catch (IOException e) {
            observer.troubled("end of " + segment.file().getFileName(), e);
        }
    }

    private void makeRoom(long needed) {
        while (occupied() + needed > limits.bytes().bytes()) {
            var aside = corrupt.poll();
            if (aside != null) {
                delete(aside.file());
            } else if (segments.isEmpty()) {
                return;
            } else {
                dropOldest();
            }
        }
    }

    private void dropOldest() {
        var segment = segments.getFirst();
        int spans = 0;
        var from = new Place(segment.number(), 0);
        if (head.compareTo(from) > 0) {
            from = head;
        }
        var given = out;
        if (given != null && given.to().compareTo(from) > 0) {
            // Those may arrive yet.
            from = given.to();
        }
        long offset = from.segment() == segment.number() ? from.offset() : segment.size();
        while (offset < segment.size()) {
            try {
                var frame = segment.read(offset);
                spans += frame.parcel().spans();
                offset = frame.end();
            } catch (CorruptFrameException | IOException _) {
                // What follows cannot be counted.
                break;
            }
        }
        head = new Place(segment.number() + 1, 0);
        prune();
        if (spans > 0) {
            observer.dropped(Reason.SIZE, spans);
        }
        saveHead();
    }

    /// The oldest parcels, joined; null when there are none. They must be handed back by
    /// [#done(Haul)] or [#release(Haul)] before there are others.
    ///
    /// @param maxBytes of the joined body, unless a single parcel has more
    /// @param maxSize of it before compression, unless a single parcel has more
    public @Nullable Haul next(int maxBytes, int maxSize) throws IOException {
        if (out != null) {
            throw new IllegalStateException("haul: given out before (expected: one at a time)");
        }
        expire();
        var first = find();
        if (first == null) {
            return null;
        }
        var segment = first.segment();
        var parcels = new ArrayList<Parcel>();
        var leader = first.frame().parcel();
        parcels.add(leader);
        long end = first.frame().end();
        long bytes = leader.body().length();
        long size = leader.size();
        while (end < segment.size()) {
            Frame frame;
            try {
                frame = segment.read(end);
            } catch (CorruptFrameException _) {
                // Looked at again when it is the first: what comes before is not lost with it.
                break;
            }
            var parcel = frame.parcel();
            bytes += parcel.body().length();
            size += parcel.size();
            if (!parcel.joins(leader) || bytes > maxBytes || size > maxSize) {
                break;
            }
            parcels.add(parcel);
            end = frame.end();
        }
        var haul =
                new Haul(
                        parcels.size() == 1 ? leader : Haul.join(parcels, leader),
                        parcels.size(),
                        head,
                        new Place(segment.number(), end));
        out = haul;
        return haul;
    }

    /// Lets go of parcels that somebody else has now.
    public void done(Haul haul) {
        out = null;
        if (haul.to().compareTo(head) > 0) {
            head = haul.to();
            prune();
            saveHead();
        }
    }

    /// Takes parcels back, to be given out again.
    public void release(Haul haul) {
        out = null;
        if (haul.to().compareTo(head) <= 0) {
            // They were dropped meanwhile, and now it is known that they did not arrive.
            observer.dropped(Reason.SIZE, haul.parcel().spans());
        }
    }

    /// Drops what is too old.
    public void expire() throws IOException {
        if (out != null) {
            return;
        }
        long cutoff = clock.millis() - limits.age().toMillis();
        int spans = 0;
        var found = find();
        while (found != null && found.frame().at() < cutoff) {
            spans += found.frame().parcel().spans();
            head = new Place(found.segment().number(), found.frame().end());
            prune();
            found = find();
        }
        oldest = found == null ? OptionalLong.empty() : OptionalLong.of(found.frame().at());
        if (spans > 0) {
            observer.dropped(Reason.AGE, spans);
            saveHead();
        }
    }

    /// The oldest frame that has not left; the head is at it then.
    private @Nullable Found find() throws IOException {
        for (var segment = first(); segment != null; segment = first()) {
            try {
                return new Found(segment, segment.read(head.offset()));
            } catch (CorruptFrameException e) {
                pass(segment, e);
            }
        }
        return null;
    }

    // The segment with the oldest frame. Moves the head to it.
    private @Nullable Segment first() {
        for (var segment : segments) {
            long offset = segment.number() == head.segment() ? head.offset() : 0;
            if (segment.number() >= head.segment() && offset < segment.size()) {
                head = new Place(segment.number(), offset);
                return segment;
            }
        }
        return null;
    }

    private void pass(Segment segment, CorruptFrameException found) {
        long offset = head.offset();
        long bytes = segment.size() - offset;
        segments.remove(segment);
        if (segment == current) {
            current = null;
        }
        head = new Place(segment.number() + 1, 0);
        try {
            if (found.torn()) {
                segment.delete();
                observer.torn(segment.file(), bytes);
            } else {
                var aside = segment.setAside();
                corrupt.add(new Corrupt(aside, segment.size()));
                observer.setAside(aside, offset, bytes, String.valueOf(found.getMessage()));
            }
        } catch (IOException e) {
            observer.troubled(segment.file().getFileName().toString(), e);
        }
        saveHead();
    }

    // Deletes segments of which everything has left.
    private void prune() {
        for (var segment = segments.peek();
                segment != null && isDrained(segment);
                segment = segments.peek()) {
            if (segment == current) {
                if (head.segment() == segment.number() && segment.size() < WORTH_DELETING) {
                    return;
                }
                current = null;
            }
            segments.remove();
            try {
                segment.delete();
            } catch (IOException e) {
                observer.troubled(segment.file().getFileName().toString(), e);
            }
        }
    }

    private boolean isDrained(Segment segment) {
        return segment.number() < head.segment()
                || (segment.number() == head.segment() && segment.size() <= head.offset());
    }

    private void saveHead() {
        try {
            new Cursor(head.segment(), head.offset()).write(file(CURSOR));
        } catch (IOException e) {
            observer.troubled(CURSOR, e);
        }
    }

    private void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            observer.troubled(file.getFileName().toString(), e);
        }
    }

    /// Whether there are parcels that have not left.
    public boolean isEmpty() {
        return segments.stream().allMatch(this::isDrained);
    }

    /// The bytes of the parcels that have not left.
    public long bytes() {
        long bytes = 0;
        for (var segment : segments) {
            if (segment.number() == head.segment()) {
                bytes += Math.max(0, segment.size() - head.offset());
            } else if (segment.number() > head.segment()) {
                bytes += segment.size();
            }
        }
        return bytes;
    }

    /// When the oldest parcel was appended, milliseconds since the epoch, as far as it was looked
    /// at.
    public OptionalLong oldest() {
        return oldest;
    }

    private long occupied() {
        return segments.stream().mapToLong(Segment::size).sum()
                + corrupt.stream().mapToLong(Corrupt::bytes).sum();
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    /// Closes the files and lets others have the directory; what has not left stays. Idempotent.
    @Override
    public void close() {
        for (var segment : segments) {
            try {
                segment.close();
            } catch (IOException e) {
                observer.troubled(segment.file().getFileName().toString(), e);
            }
        }
        segments.clear();
        current = null;
        out = null;
        var held = lock;
        lock = null;
        if (held != null) {
            try {
                held.close();
            } catch (IOException e) {
                observer.troubled(LOCK, e);
            }
        }
    }
}
