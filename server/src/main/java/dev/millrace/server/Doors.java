package dev.millrace.server;

import dev.millrace.access.Access;
import dev.millrace.access.ClientTls;
import dev.millrace.access.ClientTlsConfig;
import dev.millrace.access.CorsConfig;
import dev.millrace.access.Entrance;
import dev.millrace.access.Tls;
import dev.millrace.access.TlsConfig;
import dev.millrace.server.config.MillraceConfig;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// What stands before the servers of this process: the same credentials before all of them, and
/// certificates before each.
final class Doors {

    private final Parts parts;
    private final Optional<TlsConfig> tls;
    private final CorsConfig cors;
    private final ScheduledExecutorService watcher;
    private final Access access;

    private Doors(Parts parts, MillraceConfig config, ScheduledExecutorService watcher) {
        this.parts = parts;
        this.watcher = watcher;
        tls = DoorConfigs.tls(config);
        cors = DoorConfigs.cors(config);
        access =
                parts.push(
                        "access",
                        new Access(
                                DoorConfigs.access(config),
                                System.getenv(),
                                watcher,
                                parts.meters()));
    }

    /// Reads the credentials.
    static Doors open(Parts parts, MillraceConfig config) {
        var watcher =
                parts.push(
                        "watcher of files",
                        Executors.newSingleThreadScheduledExecutor(
                                Thread.ofPlatform().daemon().name("file-watcher").factory()));
        var doors = new Doors(parts, config, watcher);
        doors.access.start();
        return doors;
    }

    /// What stands before one server, opened.
    ///
    /// @param server its name in metrics
    Entrance before(String server) {
        return new Entrance(access, certificates(server), cors);
    }

    /// Whom a client of others trusts, and what it shows, read.
    ClientTls asClient(ClientTlsConfig config) {
        var certificates =
                parts.push(
                        "certificates of collectors",
                        new ClientTls("collectors", config, watcher, parts.meters()));
        certificates.start();
        return certificates;
    }

    /// The certificates that one server shows, read; null for plain text.
    ///
    /// @param server its name in metrics
    @Nullable Tls certificates(String server) {
        if (tls.isEmpty()) {
            return null;
        }
        var certificates =
                parts.push(
                        "certificates of " + server,
                        new Tls(server, tls.get(), watcher, parts.meters()));
        certificates.start();
        return certificates;
    }
}
