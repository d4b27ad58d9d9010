package dev.millrace.storage.local;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies of a store at one moment, made of links: files are never changed once they are written,
/// so a copy costs no room until the store lets go of what it shares with it.
final class BackUp {

    private static final Pattern REQUEST =
            Pattern.compile("([A-Za-z0-9_][A-Za-z0-9._-]{0,99})\\.request");
    private static final Logger LOG = LoggerFactory.getLogger(BackUp.class);

    private BackUp() {}

    /// Fills an empty directory.
    interface Content {
        void linkTo(Path target) throws IOException;
    }

    /// Makes a directory that is there with all of its content or not at all.
    ///
    /// @throws StoreException when it exists
    static void make(Path target, Content content) throws IOException {
        if (Files.exists(target)) {
            throw new StoreException(
                    Kind.INVALID_REQUEST,
                    "back-up: " + target + " exists (expected: a directory that is to be made)");
        }
        Path absolute = target.toAbsolutePath();
        Path parent = absolute.getParent();
        if (parent == null) {
            throw new StoreException(
                    Kind.INVALID_REQUEST, "back-up: " + target + " (expected: a directory)");
        }
        Files.createDirectories(parent);
        Path unfinished = absolute.resolveSibling(absolute.getFileName() + ".unfinished");
        if (Files.exists(unfinished)) {
            IOUtils.rm(unfinished);
        }
        Files.createDirectory(unfinished);
        try {
            content.linkTo(unfinished);
        } catch (UnsupportedOperationException e) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "back-up: " + target + " (expected: a file system with hard links)",
                    e);
        }
        Files.move(unfinished, absolute, StandardCopyOption.ATOMIC_MOVE);
        IOUtils.fsync(parent, true);
    }

    /// Links the files of an index's last commit. Nobody may commit meanwhile.
    static void link(FSDirectory index, Path target) throws IOException {
        Files.createDirectories(target);
        for (String file : SegmentInfos.readLatestCommit(index).files(true)) {
            Files.createLink(target.resolve(file), index.getDirectory().resolve(file));
        }
        IOUtils.fsync(target, true);
    }

    /// Makes the back-ups that are asked for: for a file `monday.request` the directory `monday`
    /// beside it. Failing, it says so and does not try again.
    static void fulfil(Path backups, Content content) throws IOException {
        for (var request : requests(backups)) {
            String name = request.getFileName().toString();
            var asked = REQUEST.matcher(name);
            Path target = backups.resolve(asked.matches() ? asked.group(1) : name);
            try {
                make(target, content);
                LOG.atInfo().addKeyValue("store", target).log("Backed the store up");
            } catch (IOException | StoreException e) {
                LOG.atError()
                        .addKeyValue("store", target)
                        .addKeyValue("error", e.toString())
                        .log("The store was not backed up");
            }
            Files.deleteIfExists(request);
        }
    }

    private static List<Path> requests(Path backups) throws IOException {
        var requests = new ArrayList<Path>();
        try (var files =
                Files.newDirectoryStream(
                        backups,
                        file -> REQUEST.matcher(file.getFileName().toString()).matches())) {
            files.forEach(requests::add);
        } catch (NoSuchFileException _) {
            // Nobody has ever asked.
        }
        return requests;
    }
}
