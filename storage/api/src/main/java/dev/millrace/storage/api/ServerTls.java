package dev.millrace.storage.api;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// How a store's servers are told from others over TLS, and what they are shown of us.
///
/// All files are PEM, and are read when the store is opened, once.
///
/// @param authority with the certificates that sign those of the servers; null for those that Java
///   trusts
/// @param certificate ours, those that signed it after it; null for none
/// @param key the private key to it, PKCS#8 and not encrypted; null for none
public record ServerTls(@Nullable Path authority, @Nullable Path certificate, @Nullable Path key) {

    /// Trusts what Java trusts, and shows nothing.
    public static final ServerTls USUAL = new ServerTls(null, null, null);

    private static final byte[] PROBE = "millrace".getBytes(StandardCharsets.US_ASCII);
    private static final char[] NO_PASSWORD = {};

    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN PRIVATE KEY-----\\s([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

    /// What a server says that wants another certificate of us, or any.
    private static final Pattern REFUSED =
            Pattern.compile(
                    "fatal alert: (certificate_\\w+|bad_certificate|unknown_ca|access_\\w+)");

    private static final Pattern NOT_TLS =
            Pattern.compile(
                    "unrecognized SSL message|not an SSL/TLS record", Pattern.CASE_INSENSITIVE);

    /// So that a chain of causes that bites its tail has an end.
    private static final int MAX_CAUSES = 32;

    public ServerTls {
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException(
                    (certificate == null ? "certificate-key" : "certificate")
                            + ": set alone (expected: certificate and certificate-key, or neither)");
        }
    }

    /// What connections are made with.
    ///
    /// @throws IllegalArgumentException when a file does not hold what it should, naming it
    public SSLContext context() {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(shown(), trusted(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("TLS: " + e.getMessage(), e);
        }
    }

    // Null for the usual ones.
    private TrustManager @Nullable [] trusted() throws GeneralSecurityException, IOException {
        if (authority == null) {
            return null;
        }
        var store = emptyStore();
        for (var one : certificates("certificate-authority", authority)) {
            store.setCertificateEntry("authority-" + store.size(), one);
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        return trust.getTrustManagers();
    }

    private KeyManager @Nullable [] shown() throws GeneralSecurityException, IOException {
        if (certificate == null || key == null) {
            return null;
        }
        var chain = certificates("certificate", certificate);
        var store = emptyStore();
        store.setKeyEntry(
                "ours",
                privateKey(key, certificate, chain.getFirst().getPublicKey()),
                NO_PASSWORD,
                chain.toArray(Certificate[]::new));
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, NO_PASSWORD);
        return keys.getKeyManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        return store;
    }

    private static List<Certificate> certificates(String setting, Path file) {
        try (var in = Files.newInputStream(file)) {
            List<Certificate> found =
                    List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
            if (!found.isEmpty()) {
                return found;
            }
        } catch (IOException | CertificateException e) {
            throw new IllegalArgumentException(
                    setting + ": cannot read " + file + " (expected: certificates as PEM): " + e,
                    e);
        }
        throw new IllegalArgumentException(
                setting + ": no certificate in " + file + " (expected: PEM)");
    }

    private static PrivateKey privateKey(Path file, Path certificate, PublicKey publicKey) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "certificate-key: cannot read " + file + " (expected: a private key as PEM)",
                    e);
        }
        var found = KEY.matcher(text);
        if (found.find()) {
            try {
                byte[] bytes = Base64.getMimeDecoder().decode(found.group(1));
                var key =
                        KeyFactory.getInstance(publicKey.getAlgorithm())
                                .generatePrivate(new PKCS8EncodedKeySpec(bytes));
                if (belongTogether(key, publicKey)) {
                    return key;
                }
            } catch (GeneralSecurityException | IllegalArgumentException _) {
                // Told below: its causes may quote what is in the file.
            }
        }
        throw new IllegalArgumentException(
                "certificate-key: "
                        + file
                        + " does not hold the private key of "
                        + certificate
                        + " (expected: PEM, PKCS#8, not encrypted)");
    }

    private static boolean belongTogether(PrivateKey key, PublicKey publicKey)
            throws GeneralSecurityException {
        var signature =
                Signature.getInstance(
                        switch (publicKey.getAlgorithm()) {
                            case "RSA" -> "SHA256withRSA";
                            case "EC" -> "SHA256withECDSA";
                            default -> publicKey.getAlgorithm();
                        });
        signature.initSign(key);
        signature.update(PROBE);
        byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(PROBE);
        return signature.verify(signed);
    }

    /// What to change when a connection failed because one side does not accept the certificate of
    /// the other, which waiting does not cure; empty for whatever else may have befallen it.
    public Optional<String> refusal(Throwable failure) {
        int causes = 0;
        for (Throwable at = failure; at != null && causes < MAX_CAUSES; at = at.getCause()) {
            causes++;
            if (at instanceof CertificateException) {
                return Optional.of(
                        "its certificate is not accepted: "
                                + at.getMessage()
                                + " (expected: one for the name that the server is called by, signed"
                                + " by "
                                + (authority == null
                                        ? "an authority that Java trusts"
                                        : "one in " + authority)
                                + ")");
            }
            if (at instanceof SSLException) {
                String text = String.valueOf(at.getMessage());
                if (NOT_TLS.matcher(text).find()) {
                    return Optional.of("it does not speak TLS: " + text + " (expected: TLS)");
                }
                if (REFUSED.matcher(text).find()) {
                    return Optional.of(
                            (certificate == null
                                            ? "it wants a certificate of ours"
                                            : "it does not accept " + certificate)
                                    + ": "
                                    + text
                                    + " (expected: certificate and certificate-key, signed by an"
                                    + " authority that the server trusts)");
                }
            }
        }
        return Optional.empty();
    }
}
