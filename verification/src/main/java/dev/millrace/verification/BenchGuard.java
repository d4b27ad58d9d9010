package dev.millrace.verification;

import com.linecorp.armeria.common.TlsKeyPair;
import dev.millrace.load.ClientTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.util.Base64;
import java.util.Map;

/// What makes a collector let in only whom it should, and the client that gets in.
///
/// @param settings of the collector
/// @param headers of the client
/// @param tls of the client
record BenchGuard(Map<String, String> settings, Map<String, String> headers, ClientTls tls) {

    private static final String TOKEN = "bench-token-0123456789abcdef0123456789abcdef";

    /// @param directory for certificates and credentials
    static BenchGuard create(ReceiverVariant.Guard guard, Path directory) throws IOException {
        return switch (guard) {
            case NONE -> new BenchGuard(Map.of(), Map.of(), ClientTls.NONE);
            case TLS -> tls(directory);
            case BEARER -> bearer(directory);
        };
    }

    private static BenchGuard tls(Path directory) throws IOException {
        Files.createDirectories(directory);
        var pair = TlsKeyPair.ofSelfSigned("localhost");
        Path certificate = directory.resolve("certificate.pem");
        Path key = directory.resolve("key.pem");
        try {
            pem(certificate, "CERTIFICATE", pair.certificateChain().getFirst().getEncoded());
        } catch (CertificateEncodingException e) {
            throw new IOException("certificate not encoded", e);
        }
        pem(key, "PRIVATE KEY", pair.privateKey().getEncoded());
        return new BenchGuard(
                Map.of(
                        "tls.certificate", certificate.toString(),
                        "tls.key", key.toString()),
                Map.of(),
                new ClientTls(certificate, null, null));
    }

    private static BenchGuard bearer(Path directory) throws IOException {
        Files.createDirectories(directory);
        Path credentials = directory.resolve("credentials.yaml");
        Files.writeString(credentials, "- name: bench\n  token: " + TOKEN + "\n");
        return new BenchGuard(
                Map.of("access.credentials", credentials.toString()),
                Map.of("authorization", "Bearer " + TOKEN),
                ClientTls.NONE);
    }

    private static void pem(Path file, String kind, byte[] content) throws IOException {
        var encoder = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
        Files.writeString(
                file,
                "-----BEGIN %s-----%n%s%n-----END %s-----%n"
                        .formatted(kind, encoder.encodeToString(content), kind));
    }
}
