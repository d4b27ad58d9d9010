package dev.millrace.deploy.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// An image in the layout of the Open Container Initiative, in one tar file.
final class ImageTar {

    private final Map<String, byte[]> blobs = new HashMap<>();
    private final JsonNode manifest;
    private final JsonNode config;

    ImageTar(Path tar) throws IOException {
        try (var stream = new TarArchiveInputStream(Files.newInputStream(tar))) {
            for (var entry = stream.getNextEntry(); entry != null; entry = stream.getNextEntry()) {
                if (entry.isFile()) {
                    blobs.put(entry.getName(), stream.readAllBytes());
                }
            }
        }
        manifest = json(blob(json("index.json").at("/manifests/0/digest").asText()));
        config = json(blob(manifest.at("/config/digest").asText()));
    }

    private static String blob(String digest) {
        return "blobs/" + digest.replace(':', '/');
    }

    private JsonNode json(String name) throws IOException {
        return new ObjectMapper().readTree(bytes(name));
    }

    private byte[] bytes(String name) {
        return Objects.requireNonNull(blobs.get(name), () -> name + ": not in the image");
    }

    /// What a container is made with.
    JsonNode config() {
        return config.path("config");
    }

    /// The arguments that a container starts with, and those that follow where nobody gives others.
    List<String> texts(String key) {
        var texts = new ArrayList<String>();
        config().path(key).forEach(text -> texts.add(text.asText()));
        return texts;
    }

    /// The files of each layer, lowest first.
    List<List<TarArchiveEntry>> layers() throws IOException {
        var layers = new ArrayList<List<TarArchiveEntry>>();
        for (JsonNode layer : manifest.path("layers")) {
            var entries = new ArrayList<TarArchiveEntry>();
            read(layer, (entry, _) -> entries.add(entry));
            layers.add(List.copyOf(entries));
        }
        return layers;
    }

    /// Puts all layers over one another, as a container sees them.
    void unpack(Path target) throws IOException {
        for (JsonNode layer : manifest.path("layers")) {
            read(layer, (entry, content) -> write(target, entry, content));
        }
    }

    private static void write(Path target, TarArchiveEntry entry, InputStream content) {
        try {
            Path file = target.resolve(entry.getName()).normalize();
            if (entry.isDirectory()) {
                Files.createDirectories(file);
            } else if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
            } else {
                Files.createDirectories(file.resolveSibling("."));
                Files.copy(content, file);
                Files.setPosixFilePermissions(file, permissions(entry.getMode()));
                // A cache of classes is of no use where the files have other times.
                Files.setLastModifiedTime(file, entry.getLastModifiedTime());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        var text = new StringBuilder();
        for (int bit = 8; bit >= 0; bit--) {
            text.append((mode >> bit & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
        }
        return PosixFilePermissions.fromString(text.toString());
    }

    private void read(JsonNode layer, BiConsumer<TarArchiveEntry, InputStream> reader)
            throws IOException {
        byte[] bytes = bytes(blob(layer.path("digest").asText()));
        try (var stream =
                new TarArchiveInputStream(new GZIPInputStream(new ByteArrayInputStream(bytes)))) {
            for (var entry = stream.getNextEntry(); entry != null; entry = stream.getNextEntry()) {
                reader.accept(entry, stream);
            }
        }
    }
}
