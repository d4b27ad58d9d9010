package dev.millrace.access;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whom a client of others trusts, and what it shows of itself.
///
/// @param authorities PEM file with the authorities whose servers are trusted; null for those that
///   Java trusts
/// @param certificate shown to servers that ask, PEM, with those that signed it; null for none
/// @param key its private key, PEM (PKCS#8), not encrypted
/// @param refresh how often the files are looked at for changes
public record ClientTlsConfig(
        @Nullable Path authorities,
        @Nullable Path certificate,
        @Nullable Path key,
        Duration refresh) {

    public ClientTlsConfig {
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException(
                    "key: "
                            + key
                            + " with certificate: "
                            + certificate
                            + " (expected: both or none)");
        }
        AccessConfig.checkRefresh(refresh);
    }

    Set<Path> files() {
        var files = new HashSet<Path>();
        for (var file : new @Nullable Path[] {authorities, certificate, key}) {
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }
}
