package dev.millrace.server;

import dev.millrace.access.AccessConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.TlsConfig;
import dev.millrace.server.config.MillraceConfig;
import java.nio.file.Path;
import java.util.Optional;

/// What the settings of our ports come to: who may come in, and how.
final class DoorConfigs {

    private DoorConfigs() {}

    /// Who may come in.
    static AccessConfig access(MillraceConfig config) {
        var access = config.access();
        return new AccessConfig(
                access.tenants(),
                access.tenantHeader(),
                access.credentials().isEmpty() ? null : Path.of(access.credentials()),
                access.refresh());
    }

    /// The certificates of our ports; empty for plain text.
    static Optional<TlsConfig> tls(MillraceConfig config) {
        var tls = config.tls();
        return tls.wanted()
                ? Optional.of(
                        new TlsConfig(
                                Path.of(tls.certificate()),
                                Path.of(tls.key()),
                                tls.clientCa().stream().map(Path::of).toList(),
                                switch (tls.clientAuth()) {
                                    case NONE -> TlsConfig.ClientAuth.NONE;
                                    case OPTIONAL -> TlsConfig.ClientAuth.OPTIONAL;
                                    case REQUIRED -> TlsConfig.ClientAuth.REQUIRED;
                                },
                                tls.refresh()))
                : Optional.empty();
    }

    /// Which web pages may call.
    static CorsConfig cors(MillraceConfig config) {
        var none = CorsConfig.NONE;
        return new CorsConfig(config.cors().origins(), none.headers(), none.maxAge());
    }
}
