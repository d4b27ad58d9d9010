package dev.millrace.storage.kafka;

/// An instance of the store, where the others reach it.
public record Peer(String host, int port) {

    public Peer {
        if (host.isEmpty() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "instance: \"" + host + ":" + port + "\" (expected: host:port)");
        }
    }

    /// Reads `host:port`; an IPv6 address stands in brackets.
    static Peer parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw invalid(text);
        }
        try {
            return new Peer(host, Integer.parseInt(text, colon + 1, text.length(), 10));
        } catch (IllegalArgumentException _) {
            throw invalid(text);
        }
    }

    private static IllegalArgumentException invalid(String text) {
        return new IllegalArgumentException("instance: \"" + text + "\" (expected: host:port)");
    }

    @Override
    public String toString() {
        return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
}
