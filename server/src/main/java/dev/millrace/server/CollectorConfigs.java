package dev.millrace.server;

import dev.millrace.collector.CollectorConfig;
import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.collector.Receiver;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.RatesConfig;
import dev.millrace.server.config.MillraceConfig.ReceiversConfig;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// What the settings of `collector` come to.
final class CollectorConfigs {

    private static final Pattern SPACES = Pattern.compile("\\s+");

    private CollectorConfigs() {}

    static CollectorConfig collector(MillraceConfig config) {
        var collector = config.collector();
        return new CollectorConfig(
                collector.host(),
                ports(collector.receivers()),
                collector.datagramTenant().isEmpty()
                        ? null
                        : new Tenant(collector.datagramTenant()),
                collector.maxRequest(),
                collector.maxInFlight(),
                collector.requestTimeout(),
                collector.idleTimeout(),
                collector.shutdownTimeout(),
                collector.maxConnections(),
                new CollectorConfig.Limits(
                        new CollectorConfig.Limits.Time(
                                collector.limits().past(), collector.limits().future()),
                        collector.limits().attribute(),
                        collector.limits().attributes(),
                        collector.limits().depth(),
                        collector.limits().spans()),
                rates(collector.rates()));
    }

    private static Map<Receiver, Integer> ports(ReceiversConfig receivers) {
        var ports = new EnumMap<Receiver, Integer>(Receiver.class);
        for (var receiver : Receiver.values()) {
            var wanted =
                    switch (receiver) {
                        case OTLP_GRPC -> receivers.otlpGrpc();
                        case OTLP_HTTP -> receivers.otlpHttp();
                        case ZIPKIN -> receivers.zipkin();
                        case JAEGER_GRPC -> receivers.jaegerGrpc();
                        case JAEGER_HTTP -> receivers.jaegerHttp();
                        case JAEGER_UDP_COMPACT -> receivers.jaegerUdpCompact();
                        case JAEGER_UDP_BINARY -> receivers.jaegerUdpBinary();
                        case SAMPLING_HTTP -> receivers.samplingHttp();
                        case SAMPLING_GRPC -> receivers.samplingGrpc();
                    };
            if (wanted.enabled()) {
                ports.put(receiver, wanted.port());
            }
        }
        return ports;
    }

    private static Rates rates(RatesConfig rates) {
        var tenants = new HashMap<Tenant, Rate>();
        rates.tenants().forEach((name, text) -> tenants.put(new Tenant(name), rate(name, text)));
        return new Rates(new Rate(rates.bytes(), rates.spans()), tenants);
    }

    private static Rate rate(String tenant, String text) {
        var words = SPACES.splitAsStream(text.strip()).toList();
        try {
            if (words.size() == 2) {
                return new Rate(ByteSize.parse(words.getFirst()), Long.parseLong(words.getLast()));
            }
        } catch (IllegalArgumentException _) {
            // Told below, with the tenant it is for.
        }
        throw new IllegalArgumentException(
                "rates.tenants."
                        + tenant
                        + ": "
                        + text
                        + " (expected: bytes and spans a second, such as 10MiB 50000)");
    }
}
