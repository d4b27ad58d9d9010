package dev.millrace.access;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The certificate of a server and those of its clients.
///
/// @param certificate the server's certificate and those that signed it, PEM, its own first
/// @param key its private key, PEM (PKCS#8), not encrypted
/// @param clientCertificates PEM files with the authorities whose clients are trusted
/// @param clientAuth whether clients show a certificate
/// @param refresh how often the files are looked at for changes
public record TlsConfig(
        Path certificate,
        Path key,
        List<Path> clientCertificates,
        ClientAuth clientAuth,
        Duration refresh) {

    /// Whether clients show a certificate. One that is shown must be trusted in any case.
    public enum ClientAuth {
        NONE,
        OPTIONAL,
        REQUIRED
    }

    public TlsConfig {
        clientCertificates = List.copyOf(clientCertificates);
        if (clientAuth == ClientAuth.NONE && !clientCertificates.isEmpty()) {
            throw new IllegalArgumentException(
                    "client-ca: "
                            + clientCertificates
                            + " (expected: nothing, as client-auth is none)");
        }
        if (clientAuth != ClientAuth.NONE && clientCertificates.isEmpty()) {
            throw new IllegalArgumentException(
                    "client-ca: nothing (expected: at least one file, as client-auth is "
                            + clientAuth
                            + ")");
        }
        AccessConfig.checkRefresh(refresh);
    }

    /// A server that asks its clients for nothing.
    public static TlsConfig of(Path certificate, Path key) {
        return new TlsConfig(
                certificate, key, List.of(), ClientAuth.NONE, AccessConfig.DEFAULT_REFRESH);
    }

    /// A server that knows its clients by their certificates.
    public static TlsConfig mutual(Path certificate, Path key, List<Path> clientCertificates) {
        return new TlsConfig(
                certificate,
                key,
                clientCertificates,
                ClientAuth.REQUIRED,
                AccessConfig.DEFAULT_REFRESH);
    }
}
