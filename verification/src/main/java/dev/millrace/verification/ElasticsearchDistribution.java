package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;

/// Elasticsearch 8.19 as its makers deliver it, unpacked where everybody can read it.
///
/// Maven fetches it, once, from wherever it fetches everything else.
///
/// @param directory with `bin` in it
record ElasticsearchDistribution(Path directory) {

    private static final String VERSION = "8.19.21";
    private static final String ARTIFACT =
            "org.elasticsearch.distribution.integ-test-zip:elasticsearch:" + VERSION + ":zip";
    private static final String COPY =
            "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy";
    private static final String SHA_256 =
            "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a";
    private static final Path CACHE = Path.of("verification/target/elasticsearch-8");
    private static final long FETCH_MINUTES = 15;

    /// Unpacks it anew.
    ///
    /// @throws IllegalStateException when it cannot be fetched or is not what it should be
    static ElasticsearchDistribution unpacked() throws IOException, InterruptedException {
        Path zip = CACHE.resolve("elasticsearch-" + VERSION + ".zip");
        if (!Files.exists(zip)) {
            fetch();
        }
        String sum = sha256(zip);
        if (!sum.equals(SHA_256)) {
            Files.delete(zip);
            throw new IllegalStateException(
                    zip + ": SHA-256 " + sum + " (expected: " + SHA_256 + "); deleted");
        }
        Path into = Files.createTempDirectory("millrace-elasticsearch-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(into), "distribution-delete"));
        unpack(zip, into);
        return new ElasticsearchDistribution(into.resolve("elasticsearch-" + VERSION));
    }

    private static void fetch() throws IOException, InterruptedException {
        var maven =
                new ProcessBuilder(
                                List.of(
                                        "./mvnw",
                                        "-B",
                                        "-ntp",
                                        "-N",
                                        COPY,
                                        "-Dartifact=" + ARTIFACT,
                                        "-DoutputDirectory=" + CACHE.toAbsolutePath()))
                        .redirectErrorStream(true)
                        .start();
        String said;
        try (var output = maven.inputReader()) {
            said = String.join("\n", output.readAllLines());
        }
        if (!maven.waitFor(FETCH_MINUTES, TimeUnit.MINUTES) || maven.exitValue() != 0) {
            maven.destroyForcibly();
            throw new IllegalStateException(ARTIFACT + ": cannot be fetched; Maven said:\n" + said);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var digest = MessageDigest.getInstance("SHA-256");
            var buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    // Whatever this process gives to others by itself, and the zip says.
    private static void unpack(Path zip, Path into) throws IOException {
        var open = PosixFilePermissions.fromString("rwxr-xr-x");
        var readable = PosixFilePermissions.fromString("rw-r--r--");
        Files.setPosixFilePermissions(into, open);
        try (var file = new ZipFile(zip.toFile())) {
            for (var entry : file.stream().toList()) {
                Path target = into.resolve(entry.getName()).normalize();
                if (!target.startsWith(into)) {
                    throw new IllegalStateException(
                            zip + ": " + entry.getName() + " (expected: a path inside)");
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                    Files.setPosixFilePermissions(target, open);
                    continue;
                }
                try (var in = file.getInputStream(entry)) {
                    Files.copy(in, target);
                }
                boolean program = entry.getName().contains("/bin/");
                Files.setPosixFilePermissions(target, program ? open : readable);
            }
        }
    }

    private static void delete(Path directory) {
        try {
            Start.delete(directory);
        } catch (IOException e) {
            System.err.println(directory + ": not deleted: " + e);
        }
    }
}
