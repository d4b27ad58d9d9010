package dev.millrace.access;

import com.linecorp.armeria.client.ClientFactoryBuilder;
import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.TlsProvider;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// The certificates of a client of others, read again when their files change.
///
/// A new connection gets the newest; those that are open keep what they were opened with. Start it
/// before the client, close it after.
public final class ClientTls implements AutoCloseable {

    /// @param keyPair what is shown; null for nothing
    /// @param authorities whom to trust; null for those that Java trusts
    private record Trust(
            @Nullable TlsKeyPair keyPair, @Nullable List<X509Certificate> authorities) {}

    private final WatchedFiles<Trust> files;

    /// @param client its name in metrics
    /// @param scheduler looks at the files now and then; it stays the caller's
    public ClientTls(
            String client,
            ClientTlsConfig config,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        files =
                new WatchedFiles<>(
                        "certificates",
                        config.files(),
                        () -> new WatchedFiles.Content<>(read(config), config.files()),
                        config.refresh(),
                        scheduler,
                        WatchedFiles.reloads(
                                meters,
                                "millrace.tls.reloads",
                                "Times changed certificates were read",
                                "server",
                                client));
    }

    private static Trust read(ClientTlsConfig config) throws IOException {
        var certificate = config.certificate();
        var key = config.key();
        var authorities = config.authorities();
        return new Trust(
                certificate == null || key == null ? null : TlsFiles.pair(certificate, key),
                authorities == null ? null : TlsFiles.certificates(authorities));
    }

    /// Reads the files and begins to watch them.
    ///
    /// @throws IllegalArgumentException when they cannot be used, naming the file
    public void start() {
        files.start();
    }

    /// Makes every TLS connection of a client use these certificates.
    public void applyTo(ClientFactoryBuilder client) {
        client.tlsProvider(
                new Provider(),
                com.linecorp.armeria.client.ClientTlsConfig.builder()
                        .tlsCustomizer(context -> context.protocols("TLSv1.3", "TLSv1.2"))
                        .build());
    }

    /// Ends the watch. Clients go on with what was read last.
    @Override
    public void close() {
        files.close();
    }

    /// Asked for every new connection.
    private final class Provider implements TlsProvider {

        @Override
        public @Nullable TlsKeyPair keyPair(String hostname) {
            return files.current().keyPair();
        }

        @Override
        public @Nullable List<X509Certificate> trustedCertificates(String hostname) {
            return files.current().authorities();
        }

        @Override
        public boolean autoClose() {
            return false;
        }
    }
}
