package dev.millrace.agent;

/// Where a collector is reached.
///
/// @param host a name or an address; a name may stand for several collectors
public record Address(String host, int port) {

    private static final int MOST = 65_535;

    /// Reads `host:port` or `[address]:port`.
    ///
    /// @throws IllegalArgumentException naming the text
    public static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            host = "";
        }
        int port = 0;
        try {
            port = Integer.parseInt(text.substring(colon + 1));
        } catch (NumberFormatException _) {
            // Told below.
        }
        if (host.isBlank() || host.indexOf('/') >= 0 || port < 1 || port > MOST) {
            throw new IllegalArgumentException(
                    "collectors: \"" + text + "\" (expected: host:port, such as collector:4317)");
        }
        return new Address(host, port);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
