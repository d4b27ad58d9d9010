package dev.millrace.sampling.tail;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.HashMap;
import java.util.Map;

/// A [Version] as the protobuf message `millrace.SamplingVersion` in `version.proto`, without its
/// number, which is where it stands in its log.
public final class VersionCodec {

    private static final int POLICY = 1;
    private static final int LOAD_FACTOR = 2;
    private static final int CERTAIN_SHARE = 3;
    private static final int OTHERS_SHARE = 4;
    private static final int OPERATION = 5;

    private static final int TENANT = 1;
    private static final int SERVICE = 2;
    private static final int NAME = 3;
    private static final int SHARE = 4;
    private static final int BOUND = 5;

    private static final int PERCENTILE = 1;
    private static final int NANOS = 2;

    private VersionCodec() {}

    public static byte[] encode(Version version) {
        var writer =
                new ProtoWriter(4096)
                        .text(POLICY, version.policyText())
                        .fixed64(LOAD_FACTOR, bits(version.loadFactor()))
                        .fixed64(CERTAIN_SHARE, bits(version.shares().certain()))
                        .fixed64(OTHERS_SHARE, bits(version.shares().others()));
        version.shares()
                .byOperation()
                .forEach((operation, share) ->
                        writer.bytes(
                                OPERATION,
                                operation(operation).fixed64(SHARE, bits(share)).finish()));
        version.slowBounds()
                .nanosByPercentile()
                .forEach((percentile, bounds) ->
                        bounds.forEach((operation, nanos) -> {
                            Slice bound =
                                    new ProtoWriter(24)
                                            .fixed64(PERCENTILE, bits(percentile))
                                            .number(NANOS, nanos)
                                            .finish();
                            writer.bytes(
                                    OPERATION, operation(operation).bytes(BOUND, bound).finish());
                        }));
        return writer.finish().toByteArray();
    }

    private static long bits(double value) {
        return Double.doubleToLongBits(value);
    }

    private static ProtoWriter operation(RootOperation operation) {
        return new ProtoWriter(96)
                .text(TENANT, operation.tenant().name())
                .text(SERVICE, operation.service())
                .text(NAME, operation.operation());
    }

    /// @throws MalformedSpansException when the value is no version
    /// @throws IllegalArgumentException when its policy is none
    public static Version decode(long number, Slice value) {
        String policy = "";
        double loadFactor = 1;
        double certain = 1;
        double others = 1;
        var shares = new HashMap<RootOperation, Double>();
        var bounds = new HashMap<Double, Map<RootOperation, Long>>();
        var reader = ProtoReader.of(value);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case POLICY -> policy = reader.slice().toText();
                case LOAD_FACTOR -> loadFactor = Double.longBitsToDouble(reader.fixed64());
                case CERTAIN_SHARE -> certain = Double.longBitsToDouble(reader.fixed64());
                case OTHERS_SHARE -> others = Double.longBitsToDouble(reader.fixed64());
                case OPERATION -> operation(reader.slice(), shares, bounds);
                default -> reader.skip();
            }
        }
        return new Version(
                number,
                policy,
                PolicyFile.read("policy of version " + number, policy),
                new SlowBounds(bounds),
                new Shares(certain, shares, others),
                loadFactor);
    }

    private static void operation(
            Slice message,
            Map<RootOperation, Double> shares,
            Map<Double, Map<RootOperation, Long>> bounds) {
        String tenant = "";
        String service = "";
        String name = "";
        double share = Double.NaN;
        double percentile = Double.NaN;
        long nanos = 0;
        var reader = ProtoReader.of(message);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case TENANT -> tenant = reader.slice().toText();
                case SERVICE -> service = reader.slice().toText();
                case NAME -> name = reader.slice().toText();
                case SHARE -> share = Double.longBitsToDouble(reader.fixed64());
                case BOUND -> {
                    var bound = ProtoReader.of(reader.slice());
                    while (bound.next() != 0) {
                        switch (bound.field()) {
                            case PERCENTILE ->
                                    percentile = Double.longBitsToDouble(bound.fixed64());
                            case NANOS -> nanos = bound.varint();
                            default -> bound.skip();
                        }
                    }
                }
                default -> reader.skip();
            }
        }
        var operation = new RootOperation(new Tenant(tenant), service, name);
        if (!Double.isNaN(share)) {
            shares.put(operation, share);
        }
        if (!Double.isNaN(percentile)) {
            bounds.computeIfAbsent(percentile, _ -> new HashMap<>()).put(operation, nanos);
        }
    }
}
