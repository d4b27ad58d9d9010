package dev.millrace.collector;

import dev.millrace.access.AccessConfig;
import dev.millrace.access.TlsConfig;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.SpanLimits;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where the collector listens and how much it takes on.
///
/// @param host the address to listen on; `0.0.0.0` for all
/// @param ports the port of each receiver that is wanted, 0 for any free one; others are not opened
///   and their protocols not answered on any port
/// @param maxRequest the size over which a request is refused, as received and again decompressed
/// @param maxInFlight the bytes of all requests that are not answered yet; over it clients are
///   asked to come back
/// @param datagramTenant whose the spans are that come by UDP, which says nothing of it; null for
///   the default one, and then UDP is refused where others must say who they are
/// @param requestTimeout how long a request may take from its first byte to its answer
/// @param idleTimeout how long a connection may stay open without a request; pings count as none
/// @param shutdownTimeout how long requests in flight may take when the collector closes
/// @param maxConnections how many connections may be open; more are closed at once
/// @param limits what a request and a span may look like
/// @param rates what each tenant may send in a second
public record CollectorConfig(
        String host,
        Map<Receiver, Integer> ports,
        @Nullable Tenant datagramTenant,
        ByteSize maxRequest,
        ByteSize maxInFlight,
        Duration requestTimeout,
        Duration idleTimeout,
        Duration shutdownTimeout,
        int maxConnections,
        Limits limits,
        Rates rates) {

    private static final ByteSize LEAST_REQUEST = ByteSize.parse("1KiB");
    private static final ByteSize MOST_REQUEST = ByteSize.parse("1GiB");
    private static final Duration LONGEST = Duration.ofHours(1);

    public static final CollectorConfig DEFAULT =
            new CollectorConfig(
                    "0.0.0.0",
                    Arrays.stream(Receiver.values())
                            .collect(Collectors.toMap(Function.identity(), Receiver::defaultPort)),
                    null,
                    ByteSize.ofMebibytes(16),
                    ByteSize.ofMebibytes(64),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(5),
                    // Room for 10,000 that are idle and as many that are not.
                    20_000,
                    new Limits(
                            new Limits.Time(Duration.ofDays(30), Duration.ofDays(1)),
                            ByteSize.parse("64KiB"),
                            1_024,
                            16,
                            100_000),
                    Rates.UNLIMITED);

    public CollectorConfig {
        check(!host.isBlank(), "host", "\"" + host + "\"", "an address or host name");
        // In the order of their declaration, in which messages and logs name them.
        var ordered = new EnumMap<Receiver, Integer>(Receiver.class);
        ordered.putAll(ports);
        ports = Collections.unmodifiableMap(ordered);
        checkPorts(ports);
        check(
                maxRequest.bytes() >= LEAST_REQUEST.bytes()
                        && maxRequest.bytes() <= MOST_REQUEST.bytes(),
                "max-request",
                maxRequest,
                LEAST_REQUEST + " to " + MOST_REQUEST);
        // A compressed request and what comes out of it are in memory at the same time.
        check(
                maxInFlight.bytes() >= 2 * maxRequest.bytes(),
                "max-in-flight",
                maxInFlight,
                "at least twice max-request, " + new ByteSize(2 * maxRequest.bytes()));
        checkTimeout("request-timeout", requestTimeout);
        checkTimeout("idle-timeout", idleTimeout);
        checkTimeout("shutdown-timeout", shutdownTimeout);
        check(maxConnections >= 1, "max-connections", maxConnections, "at least 1");
    }

    /// Checks that UDP, which knows no credentials, is no way around the door.
    ///
    /// @throws IllegalArgumentException when it would be
    public void checkAgainst(AccessConfig access, @Nullable TlsConfig tls) {
        boolean guarded =
                access.credentials() != null
                        || access.tenants()
                        || (tls != null && tls.clientAuth() == TlsConfig.ClientAuth.REQUIRED);
        if (!guarded || datagramTenant != null || isLoopback(host)) {
            return;
        }
        ports.keySet().stream()
                .filter(Receiver::datagrams)
                .findFirst()
                .ifPresent(receiver ->
                        check(
                                false,
                                "receivers." + receiver.word(),
                                host,
                                "off, on a loopback address, or with datagram-tenant named, for UDP"
                                        + " cannot show credentials"));
    }

    // By its text: asking a name server would be out of place here.
    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
    }

    private static void checkPorts(Map<Receiver, Integer> ports) {
        check(
                ports.keySet().stream().anyMatch(receiver -> !receiver.datagrams()),
                "receivers",
                ports.keySet().stream().map(Receiver::word).toList(),
                "at least one that is not UDP");
        var tcp = new HashMap<Integer, Receiver>();
        var udp = new HashMap<Integer, Receiver>();
        ports.forEach((receiver, port) -> {
            String key = "receivers." + receiver.word() + ".port";
            check(port >= 0 && port <= 65_535, key, port, "0 to 65535");
            var other = port == 0 ? null : (receiver.datagrams() ? udp : tcp).put(port, receiver);
            if (other != null) {
                check(false, key, port, "another port than that of " + other.word());
            }
        });
    }

    /// What a request and its spans may look like to be taken in.
    ///
    /// @param time how far from now a span may start; others are rejected
    /// @param attribute the length at which the text or bytes of one attribute are cut
    /// @param attributes how many attributes a span, event, link, resource or scope may have; more
    ///   are dropped
    /// @param depth how deep an attribute's value may be nested, 1 for not at all; what is deeper
    ///   is left out
    /// @param spans how many spans a request may have; one with more is refused
    public record Limits(Time time, ByteSize attribute, int attributes, int depth, int spans) {

        private static final int MOST_DEPTH = 32;

        public Limits {
            check(
                    attribute.bytes() >= 1 && attribute.bytes() <= MOST_REQUEST.bytes(),
                    "limits.attribute",
                    attribute,
                    "1 to " + MOST_REQUEST);
            check(attributes >= 1, "limits.attributes", attributes, "at least 1");
            check(depth >= 1 && depth <= MOST_DEPTH, "limits.depth", depth, "1 to " + MOST_DEPTH);
            check(spans >= 1, "limits.spans", spans, "at least 1");
        }

        /// How far from now a span may start.
        ///
        /// @param past at most this long ago
        /// @param future at most this far ahead
        public record Time(Duration past, Duration future) {

            private static final Duration MOST = Duration.ofDays(36_500);

            public Time {
                check("limits.time.past", past);
                check("limits.time.future", future);
            }

            private static void check(String key, Duration value) {
                CollectorConfig.check(
                        !value.isNegative() && value.compareTo(MOST) <= 0,
                        key,
                        value,
                        "0 to " + MOST.toDays() + " days");
            }
        }

        SpanLimits toSpanLimits() {
            return new SpanLimits(
                    time.past().toNanos(),
                    time.future().toNanos(),
                    attribute.toIntExact(),
                    attributes,
                    depth,
                    spans);
        }
    }

    /// What each tenant may send in a second.
    ///
    /// @param each holds for every tenant that is not named
    /// @param tenants tenants with a rate of their own
    public record Rates(Rate each, Map<Tenant, Rate> tenants) {

        public static final Rates UNLIMITED = new Rates(Rate.UNLIMITED, Map.of());

        public Rates {
            tenants = Map.copyOf(tenants);
        }

        Rate of(Tenant tenant) {
            return tenants.getOrDefault(tenant, each);
        }
    }

    /// How much a tenant may send in a second.
    ///
    /// @param bytes of requests, decompressed and as OTLP; 0 for any number
    /// @param spans 0 for any number
    public record Rate(ByteSize bytes, long spans) {

        public static final Rate UNLIMITED = new Rate(new ByteSize(0), 0);

        public Rate {
            // Not by `check`, whose class needs this one's constant while it is initialised.
            if (spans < 0) {
                throw new IllegalArgumentException(
                        "rates.spans: " + spans + " (expected: 0 or more)");
            }
        }
    }

    private static void checkTimeout(String key, Duration value) {
        check(
                value.isPositive() && value.compareTo(LONGEST) <= 0,
                key,
                value,
                "more than 0, at most " + LONGEST.toHours() + " h");
    }

    private static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
