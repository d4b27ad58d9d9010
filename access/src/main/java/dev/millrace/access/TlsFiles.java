package dev.millrace.access;

import com.linecorp.armeria.common.TlsKeyPair;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

/// The content of a server's certificate files, known to fit together.
///
/// @param clientAuthorities whose clients are trusted; empty where none are asked
record TlsFiles(TlsKeyPair keyPair, List<X509Certificate> clientAuthorities) {

    private static final byte[] PROBE = "millrace".getBytes(StandardCharsets.US_ASCII);

    TlsFiles {
        clientAuthorities = List.copyOf(clientAuthorities);
    }

    /// @throws IllegalArgumentException when a file holds something else, or the key is another's
    static TlsFiles read(TlsConfig config) throws IOException {
        var pair = pair(config.certificate(), config.key());
        var authorities = new ArrayList<X509Certificate>();
        for (var file : config.clientCertificates()) {
            authorities.addAll(certificates(file));
        }
        return new TlsFiles(pair, authorities);
    }

    /// When the first certificate of the chain expires.
    long expirySeconds() {
        return keyPair.certificateChain().stream()
                .mapToLong(certificate -> certificate.getNotAfter().toInstant().getEpochSecond())
                .min()
                .orElse(0);
    }

    /// A certificate and its key.
    ///
    /// @throws IllegalArgumentException when a file holds something else, or the key is another's
    static TlsKeyPair pair(Path certificate, Path key) throws IOException {
        var pair = keyPair(certificate, key);
        var leaf = pair.certificateChain().getFirst();
        if (!belongTogether(pair.privateKey(), leaf.getPublicKey())) {
            throw new IllegalArgumentException(key + ": not the key of " + certificate);
        }
        return pair;
    }

    private static TlsKeyPair keyPair(Path certificate, Path key) throws IOException {
        var chain = certificates(certificate);
        var text = new ByteArrayInputStream(Files.readAllBytes(key));
        var chainText = new ByteArrayInputStream(Files.readAllBytes(certificate));
        try {
            var pair = TlsKeyPair.of(text, chainText);
            return TlsKeyPair.of(pair.privateKey(), chain);
        } catch (IllegalArgumentException _) {
            // Its causes may quote what is in the file.
            throw new IllegalArgumentException(
                    key + ": no private key (expected: PEM, PKCS#8, not encrypted)");
        }
    }

    /// @throws IllegalArgumentException when the file holds none
    static List<X509Certificate> certificates(Path file) throws IOException {
        var found = new ArrayList<X509Certificate>();
        try (var in = Files.newInputStream(file)) {
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                found.add((X509Certificate) certificate);
            }
        } catch (CertificateException e) {
            throw new IllegalArgumentException(
                    file + ": no certificates (expected: PEM): " + e.getMessage(), e);
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException(file + ": no certificates (expected: PEM)");
        }
        return found;
    }

    private static boolean belongTogether(PrivateKey key, PublicKey publicKey) {
        try {
            // Whatever provider read the key: the platform's own is the one that can sign with it.
            var algorithm = publicKey.getAlgorithm();
            var own =
                    KeyFactory.getInstance(algorithm)
                            .generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
            var signature = Signature.getInstance(signature(algorithm));
            signature.initSign(own);
            signature.update(PROBE);
            var signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(PROBE);
            return signature.verify(signed);
        } catch (GeneralSecurityException _) {
            return false;
        }
    }

    private static String signature(String algorithm) {
        return switch (algorithm) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> algorithm;
        };
    }
}
