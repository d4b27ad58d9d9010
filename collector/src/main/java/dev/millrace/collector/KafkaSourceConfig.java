package dev.millrace.collector;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.pipeline.format.SourceEncoding;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// What one Kafka source reads, and as whom. The defaults are those of Zipkin's collector.
///
/// @param name tells sources apart in metrics and logs
/// @param brokers `host:port`, more of them separated by commas; null for our own cluster
/// @param properties settings for the consumers, TLS and SASL included, by Kafka's own names; for
///   our own cluster they come on top of what all of our clients are given
/// @param group the consumer group, whose commits say what has been taken in
/// @param topics names of topics; empty when there is a pattern
/// @param pattern a regular expression that whole names of topics match; null when there are topics
/// @param encoding what the records are written in
/// @param threads how many consumers share the partitions in this process
/// @param tenant whose the spans are
/// @param tenantHeader the record header that names the tenant instead where it is there; null for
///   none
/// @param maxInFlight bytes of records that were read by one consumer and are not acknowledged yet;
///   over it reading pauses. One fetch may come on top
public record KafkaSourceConfig(
        String name,
        @Nullable String brokers,
        Map<String, String> properties,
        String group,
        List<String> topics,
        @Nullable String pattern,
        SourceEncoding encoding,
        int threads,
        Tenant tenant,
        @Nullable String tenantHeader,
        ByteSize maxInFlight) {

    private static final ByteSize LEAST_IN_FLIGHT = ByteSize.ofMebibytes(1);
    private static final int MOST_THREADS = 1_000;

    public static final KafkaSourceConfig DEFAULT =
            new KafkaSourceConfig(
                    "kafka",
                    null,
                    Map.of(),
                    "zipkin",
                    List.of("zipkin"),
                    null,
                    SourceEncoding.ZIPKIN,
                    1,
                    Tenant.DEFAULT,
                    null,
                    ByteSize.ofMebibytes(16));

    public KafkaSourceConfig {
        properties = Map.copyOf(properties);
        topics = List.copyOf(topics);
        check(!name.isBlank(), "name", "\"" + name + "\"", "a name");
        check(brokers == null || !brokers.isBlank(), "brokers", "\"\"", "host:port, or none");
        check(!group.isBlank(), "group", "\"" + group + "\"", "a consumer group");
        check(
                topics.isEmpty() != (pattern == null),
                "topics",
                topics,
                "either topics or a pattern");
        check(topics.stream().noneMatch(String::isBlank), "topics", topics, "names of topics");
        if (pattern != null) {
            checkPattern(pattern);
        }
        check(threads >= 1 && threads <= MOST_THREADS, "threads", threads, "1 to " + MOST_THREADS);
        check(
                tenantHeader == null || !tenantHeader.isBlank(),
                "tenant-header",
                "\"" + tenantHeader + "\"",
                "a header's name, or none");
        check(
                maxInFlight.bytes() >= LEAST_IN_FLIGHT.bytes(),
                "max-in-flight",
                maxInFlight,
                "at least " + LEAST_IN_FLIGHT);
    }

    private static void checkPattern(String pattern) {
        try {
            var _ = Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "pattern: \"" + pattern + "\" (expected: a regular expression)", e);
        }
    }

    /// Leaves the values of properties out: passwords are among them.
    @Override
    public String toString() {
        return "KafkaSourceConfig["
                + name
                + ", brokers="
                + brokers
                + ", properties="
                + new TreeSet<>(properties.keySet())
                + ", group="
                + group
                + ", topics="
                + (pattern == null ? topics : pattern)
                + ", encoding="
                + encoding.word()
                + ", threads="
                + threads
                + ", tenant="
                + tenant
                + ", tenantHeader="
                + tenantHeader
                + ", maxInFlight="
                + maxInFlight
                + "]";
    }

    private static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
