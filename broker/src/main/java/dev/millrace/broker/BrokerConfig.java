package dev.millrace.broker;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// Where an embedded broker keeps its log and how clients reach it.
///
/// @param directory holds the log; made when missing, used by one broker at a time
/// @param host the name or address to listen on, which is also what clients are told
/// @param port 0 for any free one; it may differ from start to start
/// @param listeners more ways in, each on a port of its own, for clients that must say who they are
public record BrokerConfig(Path directory, String host, int port, List<Listener> listeners) {

    /// A way in besides the plain one.
    ///
    /// @param name capital letters
    /// @param protocol Kafka's name of what is spoken: `SASL_PLAINTEXT`, `SSL`, ...
    /// @param host the name or address to listen on; empty for that of the plain way, and a
    ///   wildcard only where it is said what clients are told
    /// @param port 0 for any free one
    /// @param advertised `host:port` that clients are told to come to, where that is not what is
    ///   listened on; empty where it is
    /// @param settings Kafka's settings for this listener, without the prefix that says so
    public record Listener(
            String name,
            String protocol,
            String host,
            int port,
            String advertised,
            Map<String, String> settings) {

        private static final Pattern ADDRESS = Pattern.compile("[^\\s:]+:\\d{1,5}|\\[.+]:\\d{1,5}");

        public Listener {
            if (!name.matches("[A-Z]+")) {
                throw new IllegalArgumentException(
                        "listener: \"" + name + "\" (expected: capital letters)");
            }
            checkPort(port);
            if (advertised.isEmpty() ? isWildcard(host) : !ADDRESS.matcher(advertised).matches()) {
                throw new IllegalArgumentException(
                        "advertised: \""
                                + advertised
                                + "\" with host: \""
                                + host
                                + "\" (expected: host:port that clients can connect to)");
            }
            settings = Map.copyOf(settings);
        }

        /// On any free port, beside the plain way.
        public Listener(String name, String protocol, Map<String, String> settings) {
            this(name, protocol, "", 0, "", settings);
        }
    }

    private static final Set<String> WILDCARDS = Set.of("0.0.0.0", "::", "[::]");

    public BrokerConfig {
        if (host.isBlank() || isWildcard(host)) {
            throw new IllegalArgumentException(
                    "host: \""
                            + host
                            + "\" (expected: a name or address that clients can connect to)");
        }
        checkPort(port);
        directory = directory.toAbsolutePath().normalize();
        listeners = List.copyOf(listeners);
    }

    /// With the plain way in only.
    public BrokerConfig(Path directory, String host, int port) {
        this(directory, host, port, List.of());
    }

    private static boolean isWildcard(String host) {
        return WILDCARDS.contains(host);
    }

    private static void checkPort(int port) {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
        }
    }

    /// The host as it stands in a listener or an address: IPv6 in brackets.
    String address() {
        return address(host);
    }

    /// The same for one of the listeners.
    String address(Listener listener) {
        return listener.host().isEmpty() ? address() : address(listener.host());
    }

    private static String address(String host) {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
