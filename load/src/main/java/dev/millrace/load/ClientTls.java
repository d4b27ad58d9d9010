package dev.millrace.load;

import com.linecorp.armeria.client.ClientFactoryBuilder;
import com.linecorp.armeria.common.TlsKeyPair;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Whom a run trusts and what it shows of itself, where the target's scheme is `https`.
///
/// All files are PEM. With none of them, what the machine trusts is trusted and nothing is shown.
///
/// @param trust certificates of authorities to trust instead of the machine's
/// @param certificate the chain to show to a receiver that asks for one
/// @param key the private key to it, PKCS #8
public record ClientTls(@Nullable Path trust, @Nullable Path certificate, @Nullable Path key) {

    /// What the machine trusts, and nothing to show.
    public static final ClientTls NONE = new ClientTls(null, null, null);

    public ClientTls {
        readable("trust", trust);
        readable("certificate", certificate);
        readable("key", key);
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException(
                    "certificate: "
                            + certificate
                            + ", key: "
                            + key
                            + " (expected: both or neither)");
        }
    }

    private static void readable(String name, @Nullable Path file) {
        if (file != null && !Files.isReadable(file)) {
            throw new IllegalArgumentException(
                    name + ": " + file + " (expected: a file that can be read)");
        }
    }

    void applyTo(ClientFactoryBuilder factory) {
        if (certificate != null && key != null) {
            factory.tls(TlsKeyPair.of(key.toFile(), certificate.toFile()));
        }
        if (trust != null) {
            var authorities = trust.toFile();
            factory.tlsCustomizer(context -> context.trustManager(authorities));
        }
    }
}
