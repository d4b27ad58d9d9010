package dev.millrace.wire.zipkin;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import zipkin2.Endpoint;
import zipkin2.Span;

/// Random spans of Zipkin's own model, from whose encoders golden bytes come.
final class GoldenSpans {

    private static final long NOW_MICROS = 1_790_000_000_000_000L;

    private static final List<Span.Kind> KINDS = List.of(Span.Kind.values());

    private GoldenSpans() {}

    static List<Span> random(RandomGenerator random, int count) {
        var spans = new ArrayList<Span>();
        for (int i = 0; i < count; i++) {
            spans.add(span(random));
        }
        return spans;
    }

    private static Span span(RandomGenerator random) {
        var span =
                Span.newBuilder()
                        .traceId(
                                random.nextBoolean() ? random.nextLong() : 0, random.nextLong() | 1)
                        .id(random.nextLong() | 1)
                        .name(text(random))
                        .timestamp(NOW_MICROS - random.nextInt(1_000_000))
                        .duration(random.nextInt(100_000) + 1L)
                        .localEndpoint(endpoint(random, "service-" + random.nextInt(3)));
        if (random.nextBoolean()) {
            span.parentId(random.nextLong() | 1);
        }
        if (random.nextInt(4) > 0) {
            span.kind(KINDS.get(random.nextInt(KINDS.size())));
        }
        if (random.nextBoolean()) {
            span.remoteEndpoint(endpoint(random, "remote-" + random.nextInt(3)));
        }
        if (random.nextInt(5) == 0) {
            span.debug(true);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            span.addAnnotation(NOW_MICROS + random.nextInt(1_000), "at " + text(random));
        }
        for (int i = random.nextInt(random.nextInt(10) == 0 ? 60 : 8); i > 0; i--) {
            span.putTag("key." + random.nextInt(50), text(random));
        }
        return span.build();
    }

    private static Endpoint endpoint(RandomGenerator random, String service) {
        var endpoint = Endpoint.newBuilder().serviceName(service);
        switch (random.nextInt(3)) {
            case 0 -> endpoint.ip("10.1.2." + random.nextInt(256));
            case 1 -> endpoint.ip("2001:db8::" + Integer.toHexString(random.nextInt(1, 0xffff)));
            default -> {}
        }
        return endpoint.port(random.nextInt(0x10000)).build();
    }

    private static String text(RandomGenerator random) {
        var text = new StringBuilder();
        for (int i = random.nextInt(20); i >= 0; i--) {
            text.append(
                    switch (random.nextInt(10)) {
                        case 0 -> "\"";
                        case 1 -> "\\";
                        case 2 -> "é";
                        // Zipkin's reader breaks four-byte characters at its buffers' ends.
                        case 3 -> "ü";
                        case 4 -> "\n";
                        case 5 -> "\u2028";
                        default -> String.valueOf((char) ('a' + random.nextInt(26)));
                    });
        }
        return text.toString();
    }
}
