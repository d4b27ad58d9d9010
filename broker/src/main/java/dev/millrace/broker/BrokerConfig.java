package dev.millrace.broker;

import java.nio.file.Path;
import java.util.Set;

/// Where an embedded broker keeps its log and how clients reach it.
///
/// @param directory holds the log; made when missing, used by one broker at a time
/// @param host the name or address to listen on, which is also what clients are told
/// @param port 0 for any free one; it may differ from start to start
public record BrokerConfig(Path directory, String host, int port) {

    private static final Set<String> WILDCARDS = Set.of("0.0.0.0", "::", "[::]");

    public BrokerConfig {
        if (host.isBlank() || WILDCARDS.contains(host)) {
            throw new IllegalArgumentException(
                    "host: \""
                            + host
                            + "\" (expected: a name or address that clients can connect to)");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
        }
        directory = directory.toAbsolutePath().normalize();
    }

    /// The host as it stands in a listener or an address: IPv6 in brackets.
    String address() {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
