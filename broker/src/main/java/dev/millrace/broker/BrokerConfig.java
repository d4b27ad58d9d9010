package dev.millrace.broker;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Where an embedded broker keeps its log and how clients reach it.
///
/// @param directory holds the log; made when missing, used by one broker at a time
/// @param host the name or address to listen on, which is also what clients are told
/// @param port 0 for any free one; it may differ from start to start
/// @param listeners more ways in, each on a port of its own, for clients that must say who they are
public record BrokerConfig(Path directory, String host, int port, List<Listener> listeners) {

    /// A way in besides the plain one, on any free port.
    ///
    /// @param name capital letters
    /// @param protocol Kafka's name of what is spoken: `SASL_PLAINTEXT`, `SSL`, ...
    /// @param settings Kafka's settings for this listener, without the prefix that says so
    public record Listener(String name, String protocol, Map<String, String> settings) {

        public Listener {
            if (!name.matches("[A-Z]+")) {
                throw new IllegalArgumentException(
                        "listener: \"" + name + "\" (expected: capital letters)");
            }
            settings = Map.copyOf(settings);
        }
    }

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
        listeners = List.copyOf(listeners);
    }

    /// With the plain way in only.
    public BrokerConfig(Path directory, String host, int port) {
        this(directory, host, port, List.of());
    }

    /// The host as it stands in a listener or an address: IPv6 in brackets.
    String address() {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
