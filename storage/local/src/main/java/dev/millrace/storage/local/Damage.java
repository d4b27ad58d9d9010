package dev.millrace.storage.local;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.lucene.codecs.CodecUtil;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.util.IOUtils;

/// What has become unreadable in an index, and how the rest goes on without it.
///
/// Every file of a segment ends with a checksum of all that is before it, so damage is told from
/// mistakes of the program and from a machine that has run out of something.
final class Damage {

    private static final String SET_ASIDE = ".corrupt-";

    private Damage() {}

    /// A segment that was taken out.
    ///
    /// @param documents how many it held
    record Segment(String name, int documents) {}

    /// Whether a failure says that files are not as they were written, rather than that they could
    /// not be got at.
    static boolean isShownBy(Throwable failure) {
        return switch (failure) {
            case CorruptIndexException _,
                    IndexFormatTooNewException _,
                    IndexFormatTooOldException _,
                    EOFException _,
                    FileNotFoundException _,
                    NoSuchFileException _ ->
                    true;
            // The kernel's words for a sector that cannot be read.
            case IOException other ->
                    String.valueOf(other.getMessage()).contains("Input/output error");
            // A codec or a name that does not exist.
            case IllegalArgumentException _ -> true;
            default -> false;
        };
    }

    /// Whether a directory holds what was set aside.
    static boolean isSetAside(String name) {
        return name.contains(SET_ASIDE);
    }

    /// Where something can be set aside, under the name it has and a number.
    static Path place(Path path) {
        int number = 1;
        Path place;
        do {
            place = path.resolveSibling(path.getFileName() + SET_ASIDE + number++);
        } while (Files.exists(place));
        return place;
    }

    /// Moves an index out of the way as a whole.
    static Path setAside(Path index) throws IOException {
        Path place = place(index);
        Files.move(index, place, StandardCopyOption.ATOMIC_MOVE);
        IOUtils.fsync(place.toAbsolutePath().getParent(), true);
        return place;
    }

    /// Takes the damaged segments out of an index that nobody writes, and moves their files.
    ///
    /// Killed on the way, it leaves an index with all of them or with none.
    ///
    /// @return those taken out; none when all are sound
    /// @throws IOException when it is not known any more which segments there are
    static List<Segment> takeOut(FSDirectory index, Path place) throws IOException {
        return takeOut(index, place, data -> data);
    }

    /// The same, when what was committed along with the segments may not hold without them.
    ///
    /// @param commitData what stays of that
    static List<Segment> takeOut(
            FSDirectory index, Path place, UnaryOperator<Map<String, String>> commitData)
            throws IOException {
        var infos = SegmentInfos.readLatestCommit(index);
        var damaged = new ArrayList<SegmentCommitInfo>();
        for (var info : infos) {
            if (!isSound(index, info)) {
                damaged.add(info);
            }
        }
        if (damaged.isEmpty()) {
            return List.of();
        }
        var files = new ArrayList<String>();
        files.add(infos.getSegmentsFileName());
        var taken = new ArrayList<Segment>();
        for (var info : damaged) {
            files.addAll(info.files());
            taken.add(new Segment(info.info.name, info.info.maxDoc()));
            infos.remove(info);
        }
        infos.setUserData(commitData.apply(infos.getUserData()), false);
        infos.changed();
        infos.commit(index);
        Files.createDirectories(place);
        for (String file : files) {
            try {
                Files.move(index.getDirectory().resolve(file), place.resolve(file));
            } catch (NoSuchFileException _) {
                // The damage may be that it is missing.
            }
        }
        return taken;
    }

    private static boolean isSound(FSDirectory index, SegmentCommitInfo segment)
            throws IOException {
        for (String file : segment.files()) {
            try (var input = index.openInput(file, IOContext.DEFAULT)) {
                CodecUtil.checksumEntireFile(input);
            } catch (IOException | RuntimeException e) {
                if (isShownBy(e)) {
                    return false;
                }
                throw e;
            } catch (InternalError _) {
                // A page of a mapped file that cannot be read.
                return false;
            }
        }
        return true;
    }
}
