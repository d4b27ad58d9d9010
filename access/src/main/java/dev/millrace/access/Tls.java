package dev.millrace.access;

import com.linecorp.armeria.common.TlsKeyPair;
import com.linecorp.armeria.common.TlsProvider;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerTlsConfig;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.netty.handler.ssl.ClientAuth;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// The certificates of one server, read again when their files change.
///
/// A new connection gets the newest; those that are open keep what they were opened with. TLS 1.2
/// and 1.3 only. Files that do not fit together are not taken up. Start it before the server, close
/// it after.
public final class Tls implements AutoCloseable {

    private final TlsConfig config;
    private final WatchedFiles<TlsFiles> files;

    /// @param server the name of the server in metrics
    /// @param scheduler looks at the files now and then; it stays the caller's
    public Tls(
            String server,
            TlsConfig config,
            ScheduledExecutorService scheduler,
            MeterRegistry meters) {
        this.config = config;
        var watched = new HashSet<>(config.clientCertificates());
        watched.add(config.certificate());
        watched.add(config.key());
        files =
                new WatchedFiles<>(
                        "certificates",
                        watched,
                        () ->
                                new WatchedFiles.Content<>(
                                        TlsFiles.read(config), Set.copyOf(watched)),
                        config.refresh(),
                        scheduler,
                        WatchedFiles.reloads(
                                meters,
                                "millrace.tls.reloads",
                                "Times changed certificates were read",
                                "server",
                                server));
        TimeGauge.builder(
                        "millrace.tls.certificate.expiry",
                        files,
                        TimeUnit.SECONDS,
                        certificates -> certificates.current().expirySeconds())
                .description("When the first certificate of the chain expires, since the epoch")
                .tag("server", server)
                .register(meters);
    }

    /// Reads the certificates and begins to watch their files.
    ///
    /// @throws IllegalArgumentException when they cannot be used, naming the file
    public void start() {
        files.start();
    }

    /// What it goes by.
    public TlsConfig config() {
        return config;
    }

    /// Makes every TLS port of a server use these certificates.
    public void applyTo(ServerBuilder server) {
        server.tlsProvider(
                new Provider(),
                ServerTlsConfig.builder()
                        .clientAuth(
                                switch (config.clientAuth()) {
                                    case NONE -> ClientAuth.NONE;
                                    case OPTIONAL -> ClientAuth.OPTIONAL;
                                    case REQUIRED -> ClientAuth.REQUIRE;
                                })
                        .tlsCustomizer(context -> context.protocols("TLSv1.3", "TLSv1.2"))
                        .build());
    }

    /// Ends the watch. Servers go on with what was read last.
    @Override
    public void close() {
        files.close();
    }

    /// Asked at every handshake.
    private final class Provider implements TlsProvider {

        @Override
        public TlsKeyPair keyPair(String hostname) {
            return files.current().keyPair();
        }

        @Override
        public List<X509Certificate> trustedCertificates(String hostname) {
            return files.current().clientAuthorities();
        }

        // Servers share it.
        @Override
        public boolean autoClose() {
            return false;
        }
    }
}
