package dev.millrace.testkit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.time.Instant;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/// A certificate authority with a folder of PEM files, for servers and clients that are to trust
/// each other, or are not to.
///
/// All authorities have the same name, so that clients show the certificates of one to servers that
/// trust another: it is for the server to see through it.
public final class Certificates {

    private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");

    /// Somebody with a certificate.
    ///
    /// @param certificate PEM, with the authority's after it
    /// @param key PEM, PKCS#8
    public record Party(Path certificate, Path key, X509Bundle bundle) {}

    private final Path folder;
    private final X509Bundle authority;
    private int parties;

    /// @param folder where the files go; must exist
    public Certificates(Path folder) {
        this.folder = folder;
        this.authority =
                made(() ->
                        new CertificateBuilder()
                                .subject("CN=Millrace test authority")
                                .setIsCertificateAuthority(true)
                                .buildSelfSigned());
        write(authorityFile(), authority.getCertificatePEM());
    }

    /// PEM of the authority's own certificate.
    public Path authorityFile() {
        return folder.resolve("authority.pem");
    }

    /// A server that answers to `localhost` and `127.0.0.1`.
    public Party server() {
        return party(
                "server",
                new CertificateBuilder()
                        .subject("CN=localhost")
                        .addSanDnsName("localhost")
                        .addSanIpAddress("127.0.0.1")
                        .addExtendedKeyUsageServerAuth());
    }

    /// A server that answers to this name and no other, nor to an address.
    public Party serverOf(String name) {
        return party(
                "server",
                new CertificateBuilder()
                        .subject("CN=" + name)
                        .addSanDnsName(name)
                        .addExtendedKeyUsageServerAuth());
    }

    /// A client of this common name, with `spiffe://test/<name>` for an alternative name.
    public Party client(String name) {
        return party("client", client(name, new CertificateBuilder()));
    }

    /// A client whose time was over years ago.
    public Party expiredClient(String name) {
        return party(
                "expired",
                client(
                        name,
                        new CertificateBuilder()
                                .notBefore(LONG_AGO)
                                .notAfter(LONG_AGO.plusSeconds(86_400))));
    }

    /// What a client needs to talk to [#server()].
    ///
    /// @param client who it is; null for somebody without a certificate
    public SSLContext context(@Nullable Party client) {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(
                    client == null
                            ? new KeyManager[0]
                            : client.bundle().toKeyManagerFactory().getKeyManagers(),
                    new TrustManager[] {authority.toTrustManager()},
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Puts the files of one party in the place of another's, key first, each at one stroke.
    public static void replace(Party old, Party by) {
        move(by.key(), old.key());
        move(by.certificate(), old.certificate());
    }

    private static void move(Path from, Path to) {
        made(() -> {
            var copy = Files.copy(from, Path.of(to + ".new"), StandardCopyOption.REPLACE_EXISTING);
            return Files.move(
                    copy, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        });
    }

    private static CertificateBuilder client(String name, CertificateBuilder builder) {
        return made(() ->
                builder.subject("CN=" + name + ",O=Millrace")
                        .addSanUriName("spiffe://test/" + name)
                        .addExtendedKeyUsageClientAuth());
    }

    private Party party(String role, CertificateBuilder builder) {
        parties++;
        var bundle = made(() -> builder.buildIssuedBy(authority));
        var name = role + "-" + parties;
        var party = new Party(folder.resolve(name + ".pem"), folder.resolve(name + ".key"), bundle);
        write(party.certificate(), bundle.getCertificatePathPEM());
        write(party.key(), bundle.getPrivateKeyPEM());
        return party;
    }

    private static void write(Path file, String text) {
        made(() -> Files.writeString(file, text));
    }

    /// What may fail for many checked reasons, none of which a test can do anything about.
    @FunctionalInterface
    private interface Making<T> {
        T make() throws Exception;
    }

    private static <T> T made(Making<T> making) {
        try {
            return making.make();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
