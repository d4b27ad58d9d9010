package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;

/// Reads the endpoints that v1 and v2 have in common in JSON.
final class EndpointReader {

    private static final byte[] SERVICE_NAME = JsonV2Reader.ascii("serviceName");
    private static final byte[] IPV4 = JsonV2Reader.ascii("ipv4");
    private static final byte[] IPV6 = JsonV2Reader.ascii("ipv6");
    private static final byte[] PORT = JsonV2Reader.ascii("port");

    private static final int MAX_PORT = 0xffff;

    private EndpointReader() {}

    static void read(JsonCursor json, Texts texts, Host host) {
        host.clear();
        boolean more = json.begin('{', '}');
        while (more) {
            long name = json.name();
            if (json.skippedNull()) {
                more = json.more('}');
                continue;
            }
            if (texts.is(name, SERVICE_NAME)) {
                host.service = json.text();
            } else if (texts.is(name, IPV4)) {
                host.ipv4 = json.text();
            } else if (texts.is(name, IPV6)) {
                host.ipv6 = json.text();
            } else if (texts.is(name, PORT)) {
                host.port = port(json.integer());
            } else {
                json.skip();
            }
            more = json.more('}');
        }
    }

    static int port(long port) {
        if (port > MAX_PORT) {
            throw new MalformedSpansException("port: " + port + " (expected: 0 to 65535)");
        }
        return (int) Math.max(0, port);
    }
}
