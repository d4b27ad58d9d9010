package dev.millrace.server;

import dev.millrace.broker.BrokerConfig;
import dev.millrace.broker.BrokerConfig.Listener;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.BrokerTlsConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// What the settings of the embedded broker come to.
final class BrokerConfigs {

    /// What the way in over TLS is called among those of the broker.
    static final String TLS = "TLS";

    private BrokerConfigs() {}

    /// @throws IllegalArgumentException when nobody could connect, or a file cannot be read
    static BrokerConfig of(MillraceConfig config) {
        var broker = config.broker();
        return new BrokerConfig(
                config.dataDir().resolve("kafka"),
                broker.host(),
                broker.port(),
                broker.tls().wanted() ? List.of(overTls(broker.tls())) : List.of());
    }

    private static Listener overTls(BrokerTlsConfig tls) {
        return new Listener(
                TLS,
                "SSL",
                tls.host(),
                tls.port(),
                tls.advertised(),
                Map.of(
                        "ssl.keystore.type",
                        "PEM",
                        "ssl.keystore.certificate.chain",
                        pem("certificate", tls.certificate()),
                        "ssl.keystore.key",
                        pem("key", tls.key()),
                        "ssl.truststore.type",
                        "PEM",
                        "ssl.truststore.certificates",
                        tls.clientCa().stream()
                                .map(file -> pem("client-ca", file))
                                .collect(Collectors.joining("\n")),
                        "ssl.client.auth",
                        "required"));
    }

    private static String pem(String key, String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "tls.%s: \"%s\" (expected: a PEM file that can be read): %s"
                            .formatted(key, file, e),
                    e);
        }
    }
}
