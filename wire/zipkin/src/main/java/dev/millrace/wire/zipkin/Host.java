package dev.millrace.wire.zipkin;

/// An endpoint of a span being read: texts of [Texts], and a port or 0.
final class Host {

    long service;
    long ipv4;
    long ipv6;
    int port;

    void clear() {
        service = Texts.NONE;
        ipv4 = Texts.NONE;
        ipv6 = Texts.NONE;
        port = 0;
    }

    /// The address, IPv4 before IPv6.
    long ip() {
        return Texts.length(ipv4) > 0 ? ipv4 : ipv6;
    }
}
