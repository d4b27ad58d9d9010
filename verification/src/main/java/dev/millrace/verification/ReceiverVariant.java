package dev.millrace.verification;

import dev.millrace.load.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One way to send spans to a collector: over a protocol, with or without what makes it dearer or
/// cheaper.
///
/// @param name on the command line and in the table
/// @param settings of the collector, besides its ports
/// @param guard what stands before the receiver
record ReceiverVariant(
        String name, Protocol protocol, boolean gzip, Guard guard, Map<String, String> settings) {

    /// What stands before a receiver.
    enum Guard {
        NONE,
        TLS,
        BEARER
    }

    /// What the others are compared with.
    static final ReceiverVariant PLAIN = plain(Protocol.OTLP_GRPC);

    private static final String KEYING = "spans.keying";

    /// All there are, in the order of the table.
    static List<ReceiverVariant> all() {
        var all = new ArrayList<ReceiverVariant>();
        for (var protocol : Protocol.values()) {
            all.add(plain(protocol));
        }
        all.add(keyed("packed"));
        all.add(keyed("round-robin"));
        all.add(new ReceiverVariant("gzip", Protocol.OTLP_GRPC, true, Guard.NONE, Map.of()));
        all.add(new ReceiverVariant("tls", Protocol.OTLP_GRPC, false, Guard.TLS, Map.of()));
        all.add(new ReceiverVariant("bearer", Protocol.OTLP_GRPC, false, Guard.BEARER, Map.of()));
        return all;
    }

    private static ReceiverVariant plain(Protocol protocol) {
        return new ReceiverVariant(protocol.toString(), protocol, false, Guard.NONE, Map.of());
    }

    private static ReceiverVariant keyed(String keying) {
        return new ReceiverVariant(
                keying, Protocol.OTLP_GRPC, false, Guard.NONE, Map.of(KEYING, keying));
    }

    /// The variants of some names.
    ///
    /// @param names with commas between; empty for all
    static List<ReceiverVariant> named(String names) {
        if (names.isEmpty()) {
            return all();
        }
        var wanted = new ArrayList<ReceiverVariant>();
        for (String name : names.split(",", -1)) {
            wanted.add(
                    all().stream()
                            .filter(variant -> variant.name.equals(name))
                            .findFirst()
                            .orElseThrow(() ->
                                    new IllegalArgumentException(
                                            "--variants: "
                                                    + name
                                                    + " (expected: of "
                                                    + all().stream().map(it -> it.name).toList()
                                                    + ")")));
        }
        return wanted;
    }
}
