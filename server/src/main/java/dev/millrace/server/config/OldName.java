package dev.millrace.server.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A setting of zipkin-storage-kafka, under all names that its versions have had, and what it is
/// here.
///
/// @param variables of the environment, the newest first
/// @param properties the newest first
/// @param keys of ours that it sets; none where nothing corresponds
/// @param meaning how its value becomes one of ours
/// @param implied settings of ours that come with it unless somebody says otherwise
/// @param remark what to know of it besides; may be empty
record OldName(
        List<String> variables,
        List<String> properties,
        List<String> keys,
        Meaning meaning,
        Map<String, String> implied,
        String remark) {

    OldName {
        variables = List.copyOf(variables);
        properties = List.copyOf(properties);
        keys = List.copyOf(keys);
        implied = Map.copyOf(implied);
    }

    /// How a value becomes one of ours.
    enum Meaning {
        /// As it is.
        SAME("text"),
        SWITCH("true or false"),
        MILLISECONDS("milliseconds, such as 60000"),
        /// The one value that means something here.
        KAFKA_ONLY("kafka"),
        /// It is taken and changes nothing.
        NONE("anything");

        private static final int MOST_DIGITS = 15;

        private final String expected;

        Meaning(String expected) {
            this.expected = expected;
        }

        /// Completes the sentence "expected: …".
        String expected() {
            return expected;
        }

        /// The value of ours; empty when theirs is none.
        Optional<String> apply(String value) {
            return switch (this) {
                case SAME, NONE -> Optional.of(value);
                case SWITCH ->
                        Optional.of(value.toLowerCase(Locale.ROOT))
                                .filter(word -> word.equals("true") || word.equals("false"));
                case KAFKA_ONLY ->
                        Optional.of(value.toLowerCase(Locale.ROOT)).filter("kafka"::equals);
                case MILLISECONDS ->
                        value.matches("\\d{1," + MOST_DIGITS + "}")
                                ? Optional.of(
                                        Durations.text(Duration.ofMillis(Long.parseLong(value))))
                                : Optional.empty();
            };
        }
    }

    private static final Map<String, String> ALONE = Map.of();

    private static final Map<String, String> AS_ZIPKIN_WRITES =
            Map.of(
                    "spans.encoding", "zipkin_proto",
                    "spans.unnamed-encoding", "zipkin_proto");

    private static OldName of(
            List<String> variables,
            List<String> properties,
            Meaning meaning,
            String remark,
            String... keys) {
        return new OldName(variables, properties, List.of(keys), meaning, ALONE, remark);
    }

    /// All there are, in the order of the reference.
    static final List<OldName> ALL =
            List.of(
                    new OldName(
                            List.of("STORAGE_TYPE"),
                            List.of("zipkin.storage.type"),
                            List.of("storage.type"),
                            Meaning.KAFKA_ONLY,
                            Map.of("storage.kafka.source", "spans"),
                            "Spans are stored as they arrive, as zipkin-storage-kafka does. Other"
                                    + " stores of Zipkin's are not meant by it."),
                    of(
                            List.of("KAFKA_BOOTSTRAP_SERVERS"),
                            List.of("zipkin.storage.kafka.bootstrap-servers"),
                            Meaning.SAME,
                            "",
                            "kafka.bootstrap-servers"),
                    new OldName(
                            List.of("KAFKA_SPANS_TOPIC"),
                            List.of(
                                    "zipkin.storage.kafka.span-partitioning.spans-topic",
                                    "zipkin.storage.kafka.span-aggregation.spans-topic",
                                    "zipkin.storage.kafka.trace-storage.spans-topic",
                                    "zipkin.storage.kafka.partitioned-spans-topic",
                                    "zipkin.storage.kafka.aggregation-spans-topic",
                                    "zipkin.storage.kafka.storage-spans-topic"),
                            List.of("topics.spans.name"),
                            Meaning.SAME,
                            AS_ZIPKIN_WRITES,
                            "Read and written as Zipkin does, with its keys. One topic for all that"
                                    + " read and write it."),
                    of(
                            List.of("KAFKA_TRACE_TOPIC"),
                            List.of(
                                    "zipkin.storage.kafka.span-aggregation.trace-topic",
                                    "zipkin.storage.kafka.aggregation-trace-topic"),
                            Meaning.SAME,
                            "Written besides ours.",
                            "topics.zipkin-traces.name"),
                    of(
                            List.of("KAFKA_DEPENDENCY_TOPIC"),
                            List.of(
                                    "zipkin.storage.kafka.span-aggregation.dependency-topic",
                                    "zipkin.storage.kafka.dependency-storage.dependency-topic",
                                    "zipkin.storage.kafka.aggregation-dependency-topic",
                                    "zipkin.storage.kafka.storage-dependency-topic"),
                            Meaning.SAME,
                            "Written besides ours; read in place of ours with"
                                    + " `ingester.dependencies.topic`.",
                            "topics.zipkin-dependencies.name"),
                    of(
                            List.of("KAFKA_STORAGE_HOSTNAME", "KAFKA_STORAGE_HOST_NAME"),
                            List.of("zipkin.storage.kafka.hostname"),
                            Meaning.SAME,
                            "",
                            "storage.kafka.peers.advertised-host"),
                    of(
                            List.of("KAFKA_STORAGE_DIR"),
                            List.of("zipkin.storage.kafka.storage-dir"),
                            Meaning.SAME,
                            "What is there of zipkin-storage-kafka is left alone.",
                            "storage.kafka.directory"),
                    of(
                            List.of(
                                    "KAFKA_STORAGE_PARTITIONING_ENABLED",
                                    "KAFKA_STORAGE_SPAN_PARTITIONING_ENABLED",
                                    "SPAN_PARTITIONING_ENABLED"),
                            List.of(
                                    "zipkin.storage.kafka.span-partitioning.enabled",
                                    "zipkin.storage.kafka.span-partitioning-enabled",
                                    "zipkin.storage.kafka.span-consumer-enabled"),
                            Meaning.SWITCH,
                            "The role `collector`, with its ports.",
                            "collector.enabled"),
                    of(
                            List.of(
                                    "KAFKA_STORAGE_AGGREGATION_ENABLED",
                                    "KAFKA_STORAGE_SPAN_AGGREGATION_ENABLED",
                                    "SPAN_AGGREGATION_ENABLED"),
                            List.of(
                                    "zipkin.storage.kafka.span-aggregation.enabled",
                                    "zipkin.storage.kafka.span-aggregation-enabled"),
                            Meaning.SWITCH,
                            "The role `aggregator`, with its topics.",
                            "aggregator.enabled"),
                    of(
                            List.of(
                                    "KAFKA_STORAGE_AGGREGATION_TRACE_TIMEOUT",
                                    "KAFKA_STORAGE_TRACE_TIMEOUT"),
                            List.of(
                                    "zipkin.storage.kafka.span-aggregation.trace-timeout",
                                    "zipkin.storage.kafka.trace-timeout"),
                            Meaning.MILLISECONDS,
                            "",
                            "aggregator.quiet-period"),
                    of(
                            List.of("KAFKA_STORAGE_TRACE_ENABLED"),
                            List.of("zipkin.storage.kafka.trace-storage.enabled"),
                            Meaning.SWITCH,
                            "Both of the next two.",
                            "query.trace-by-id",
                            "query.search"),
                    of(
                            List.of("TRACE_BY_ID_QUERY_ENABLED"),
                            List.of("zipkin.storage.kafka.trace-by-id-query-enabled"),
                            Meaning.SWITCH,
                            "",
                            "query.trace-by-id"),
                    of(
                            List.of("TRACE_SEARCH_ENABLED"),
                            List.of("zipkin.storage.kafka.trace-search-enabled"),
                            Meaning.SWITCH,
                            "",
                            "query.search"),
                    of(
                            List.of("KAFKA_STORAGE_TRACE_TTL"),
                            List.of(
                                    "zipkin.storage.kafka.trace-storage.ttl",
                                    "zipkin.storage.kafka.trace-ttl"),
                            Meaning.MILLISECONDS,
                            "It works here.",
                            "storage.kafka.retention"),
                    of(
                            List.of("KAFKA_STORAGE_TRACE_TTL_CHECK_INTERVAL"),
                            List.of(
                                    "zipkin.storage.kafka.trace-storage.ttl-check-interval",
                                    "zipkin.storage.kafka.trace-ttl-check-interval"),
                            Meaning.NONE,
                            "retention needs no interval; it never did"),
                    of(
                            List.of("KAFKA_STORAGE_DEPENDENCY_ENABLED", "DEPENDENCY_QUERY_ENABLED"),
                            List.of(
                                    "zipkin.storage.kafka.dependency-storage.enabled",
                                    "zipkin.storage.kafka.dependency-query-enabled"),
                            Meaning.SWITCH,
                            "",
                            "query.dependencies"),
                    of(
                            List.of("KAFKA_STORAGE_DEPENDENCY_TTL"),
                            List.of(
                                    "zipkin.storage.kafka.dependency-storage.ttl",
                                    "zipkin.storage.kafka.dependency-ttl"),
                            Meaning.MILLISECONDS,
                            "",
                            "storage.kafka.dependency-retention"),
                    of(
                            List.of(
                                    "KAFKA_STORAGE_AGGREGATION_STREAM_APP_ID",
                                    "KAFKA_STORAGE_TRACE_STORE_STREAM_APP_ID",
                                    "KAFKA_STORAGE_DEPENDENCY_STORE_STREAM_APP_ID"),
                            List.of(
                                    "zipkin.storage.kafka.aggregation-stream-app-id",
                                    "zipkin.storage.kafka.trace-store-stream-app-id",
                                    "zipkin.storage.kafka.dependency-store-stream-app-id"),
                            Meaning.NONE,
                            "groups of its own keep it from taking partitions of a"
                                    + " zipkin-storage-kafka that still runs"),
                    of(
                            List.of("SEARCH_ENABLED"),
                            List.of("zipkin.storage.search-enabled"),
                            Meaning.SWITCH,
                            "Zipkin's API only: lists are empty, as in Zipkin.",
                            "query.zipkin.search-enabled"),
                    of(
                            List.of("AUTOCOMPLETE_KEYS"),
                            List.of("zipkin.storage.autocomplete-keys"),
                            Meaning.SAME,
                            "",
                            "query.zipkin.autocomplete-keys"),
                    of(
                            List.of("STRICT_TRACE_ID"),
                            List.of("zipkin.storage.strict-trace-id"),
                            Meaning.SWITCH,
                            "`false` works here.",
                            "query.zipkin.strict-trace-id"));
}
