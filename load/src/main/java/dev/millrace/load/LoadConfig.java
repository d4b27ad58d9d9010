package dev.millrace.load;

import dev.millrace.load.traffic.BenchmarkWorkload;
import dev.millrace.load.traffic.Encoding;
import dev.millrace.load.traffic.ShopWorkload;
import dev.millrace.load.traffic.TrafficShape;
import dev.millrace.load.traffic.Workload;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What to send, where to and how fast.
///
/// @param target scheme, host and port of the receiver; for HTTP a path other than the protocol's
///   own may follow
/// @param protocol what to speak
/// @param traffic which workload to send
/// @param seed of ids and shapes
/// @param spansPerSecond the rate to keep; 0 for as fast as it goes
/// @param duration when to stop making new spans; zero for no such limit
/// @param totalSpans how many spans to make, to the next whole round; 0 for no such limit
/// @param concurrency how many requests may be without an answer at a time
/// @param gzip whether bodies are compressed
/// @param headers sent with every request, such as a tenant's or a token
/// @param tls whom to trust and what to show where the target's scheme is `https`
/// @param requestTimeout how long to wait for an answer before trying again
/// @param retryFor how long a request is tried again before it counts as failed
/// @param truthFile where to keep the truth; null for nowhere
/// @param lateShare the share of spans that leave late, 0 to 1 (shop only, like all that follow)
/// @param lateDelay the longest delay of late spans
/// @param duplicateShare the share of spans sent twice, 0 to 1
/// @param giantEvery every how many traces one is giant; 0 for never
/// @param giantSpans the least number of spans of a giant trace
public record LoadConfig(
        URI target,
        Protocol protocol,
        Traffic traffic,
        long seed,
        long spansPerSecond,
        Duration duration,
        long totalSpans,
        int concurrency,
        boolean gzip,
        Map<String, String> headers,
        ClientTls tls,
        Duration requestTimeout,
        Duration retryFor,
        @Nullable Path truthFile,
        double lateShare,
        Duration lateDelay,
        double duplicateShare,
        int giantEvery,
        int giantSpans) {

    /// The two workloads.
    public enum Traffic {
        /// An online shop with everything that makes tracing hard.
        REALISTIC,
        /// Uniform spans of 420 bytes at the least cost.
        BENCHMARK
    }

    private static final int MOST_ROUND_SPANS = 512;
    private static final int ROUNDS_PER_SECOND = 5;

    public LoadConfig {
        headers = Map.copyOf(headers);
        if (target.getHost() == null
                || !("http".equals(target.getScheme()) || "https".equals(target.getScheme()))) {
            throw new IllegalArgumentException(
                    "target: " + target + " (expected: http://host:port or https://host:port)");
        }
        atLeast("spans per second", spansPerSecond, 0);
        atLeast("total spans", totalSpans, 0);
        atLeast("concurrency", concurrency, 1);
        positive("request timeout", requestTimeout);
        positive("retry for", retryFor);
        if (duration.isNegative()) {
            throw new IllegalArgumentException("duration: " + duration + " (expected: >= 0)");
        }
        var _ = new TrafficShape(1, lateShare, lateDelay, duplicateShare, giantEvery, giantSpans);
    }

    /// A configuration of moderate, realistic traffic without an end, to be changed as needed.
    public static Builder builder(URI target) {
        return new Builder(target);
    }

    /// Names the headers and keeps their values, which may be secret, to itself.
    @Override
    public String toString() {
        return "LoadConfig[target=%s, protocol=%s, traffic=%s, seed=%d, headers=%s]"
                .formatted(target, protocol, traffic, seed, headers.keySet());
    }

    /// Where the truth is kept.
    public Optional<Path> truth() {
        return Optional.ofNullable(truthFile);
    }

    /// What is made and sent, from its beginning.
    ///
    /// Rounds are small at low rates, so that spans leave soon after they are made.
    public Workload workload() {
        return switch (traffic) {
            case BENCHMARK -> new BenchmarkWorkload(seed, protocol.encoding());
            case REALISTIC -> {
                long round =
                        spansPerSecond == 0
                                ? MOST_ROUND_SPANS
                                : Math.clamp(
                                        spansPerSecond / ROUNDS_PER_SECOND, 1, MOST_ROUND_SPANS);
                yield new ShopWorkload(
                        seed,
                        new TrafficShape(
                                (int) round,
                                lateShare,
                                lateDelay,
                                duplicateShare,
                                giantEvery,
                                giantSpans),
                        protocol.encoding());
            }
        };
    }

    // What comes back of it, and so can be compared.
    Fidelity fidelity() {
        return protocol.encoding() == Encoding.OTLP ? Fidelity.EXACT : Fidelity.COMMON;
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: >= " + least + ")");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }

    /// Collects the parts of a [LoadConfig]. Not safe for threads.
    public static final class Builder {
        private final URI target;
        private Protocol protocol = Protocol.OTLP_GRPC;
        private Traffic traffic = Traffic.REALISTIC;
        private long seed = 1;
        private long spansPerSecond = 1_000;
        private Duration duration = Duration.ZERO;
        private long totalSpans;
        private int concurrency = 8;
        private boolean gzip;
        private Map<String, String> headers = Map.of();
        private ClientTls tls = ClientTls.NONE;
        private Duration requestTimeout = Duration.ofSeconds(10);
        private Duration retryFor = Duration.ofMinutes(2);
        private @Nullable Path truthFile;
        private double lateShare = 0.002;
        private Duration lateDelay = Duration.ofSeconds(5);
        private double duplicateShare = 0.001;
        private int giantEvery = 5_000;
        private int giantSpans = 1_000;

        private Builder(URI target) {
            this.target = target;
        }

        public Builder protocol(Protocol protocol) {
            this.protocol = protocol;
            return this;
        }

        public Builder traffic(Traffic traffic) {
            this.traffic = traffic;
            return this;
        }

        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        public Builder spansPerSecond(long spansPerSecond) {
            this.spansPerSecond = spansPerSecond;
            return this;
        }

        public Builder duration(Duration duration) {
            this.duration = duration;
            return this;
        }

        public Builder totalSpans(long totalSpans) {
            this.totalSpans = totalSpans;
            return this;
        }

        public Builder concurrency(int concurrency) {
            this.concurrency = concurrency;
            return this;
        }

        public Builder gzip(boolean gzip) {
            this.gzip = gzip;
            return this;
        }

        public Builder headers(Map<String, String> headers) {
            this.headers = headers;
            return this;
        }

        public Builder tls(ClientTls tls) {
            this.tls = tls;
            return this;
        }

        public Builder requestTimeout(Duration requestTimeout) {
            this.requestTimeout = requestTimeout;
            return this;
        }

        public Builder retryFor(Duration retryFor) {
            this.retryFor = retryFor;
            return this;
        }

        public Builder truthFile(@Nullable Path truthFile) {
            this.truthFile = truthFile;
            return this;
        }

        public Builder late(double share, Duration delay) {
            this.lateShare = share;
            this.lateDelay = delay;
            return this;
        }

        public Builder duplicates(double share) {
            this.duplicateShare = share;
            return this;
        }

        public Builder giants(int every, int spans) {
            this.giantEvery = every;
            this.giantSpans = spans;
            return this;
        }

        public LoadConfig build() {
            return new LoadConfig(
                    target,
                    protocol,
                    traffic,
                    seed,
                    spansPerSecond,
                    duration,
                    totalSpans,
                    concurrency,
                    gzip,
                    headers,
                    tls,
                    requestTimeout,
                    retryFor,
                    truthFile,
                    lateShare,
                    lateDelay,
                    duplicateShare,
                    giantEvery,
                    giantSpans);
        }
    }
}
