package dev.millrace.analysis;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import java.util.Set;

/// Addresses that old clients of Jaeger and Zipkin send as a number.
final class IpAddresses {

    private static final Set<String> KEYS = Set.of("ip", "peer.ipv4");
    private static final long MAX = 0xffff_ffffL;

    private IpAddresses() {}

    /// The same attributes, or others in which such addresses have four parts with dots between.
    static Attributes readable(Attributes attributes) {
        for (var attribute : attributes) {
            if (isNumber(attribute)) {
                return new Attributes(
                        attributes.entries().stream()
                                .map(each -> isNumber(each) ? dotted(each) : each)
                                .toList());
            }
        }
        return attributes;
    }

    private static boolean isNumber(Attribute attribute) {
        return KEYS.contains(attribute.key())
                && switch (attribute.value()) {
                    // A signed 32-bit number is an address too.
                    case AttributeValue.Int(long number) ->
                            number >= Integer.MIN_VALUE && number <= MAX;
                    case AttributeValue.Real(double number) ->
                            number >= Integer.MIN_VALUE && number <= MAX;
                    case AttributeValue.Text _,
                            AttributeValue.Bool _,
                            AttributeValue.Bytes _,
                            AttributeValue.Array _,
                            AttributeValue.Nested _,
                            AttributeValue.Empty _ ->
                            false;
                };
    }

    private static Attribute dotted(Attribute attribute) {
        long number =
                attribute.value() instanceof AttributeValue.Real(double real)
                        ? (long) real
                        : ((AttributeValue.Int) attribute.value()).value();
        return new Attribute(
                attribute.key(),
                new AttributeValue.Text(
                        "%d.%d.%d.%d"
                                .formatted(
                                        number >>> 24 & 0xff,
                                        number >>> 16 & 0xff,
                                        number >>> 8 & 0xff,
                                        number & 0xff)));
    }
}
