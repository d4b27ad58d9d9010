package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.TraceId;
import dev.millrace.pipeline.IngesterConfig;
import dev.millrace.pipeline.TopicsConfig.Topic;
import dev.millrace.pipeline.TraceKey;
import dev.millrace.pipeline.format.SourceEncoding;
import dev.millrace.server.config.ConfigException;
import dev.millrace.server.config.ConfigSources;
import dev.millrace.server.config.MillraceConfig;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Kafka as the only store: what its settings, switches and topics come to.
final class KafkaStoreConfigsTest {

    private static MillraceConfig config(String... settings) throws ConfigException {
        return new ConfigSources()
                .flags(List.of("storage.type=kafka"))
                .flags(List.of(settings))
                .load()
                .values();
    }

    @Test
    void holdsWhatIsKeptOfTracesAndFigures() throws Exception {
        // When
        var settings = KafkaStoreConfigs.of(config("topics.prefix=eu.", "data-dir=/d"), "me");

        // Then
        assertThat(settings.topic()).isEqualTo("eu.traces-complete");
        assertThat(settings.unnamed()).isNull();
        assertThat(settings.traces()).isTrue();
        assertThat(settings.dependencies()).isEqualTo("eu.dependencies");
        assertThat(settings.directory()).isEqualTo(Path.of("/d/kafka-store"));
        assertThat(settings.retention()).isEqualTo(Duration.ofDays(7));
        assertThat(settings.instance()).isEqualTo("me");
        assertThat(settings.peers().advertisedHost()).isEqualTo("127.0.0.1");
        assertThat(settings.hedgeAfter()).isEqualTo(Duration.ofMillis(500));
        SettingsCheck.run(config());
    }

    @Test
    void looksForATraceWhereItsTopicHasIt() throws Exception {
        // Given
        var id = new TraceId(0, 42);
        String[] counts = {"topics.spans.partitions=5", "topics.traces-complete.partitions=3"};
        int ofSpans = TraceKey.partition(0, 42, 5);
        int elsewhere = TraceKey.partition(0, 42, 3);
        assertThat(ofSpans % 3).isNotEqualTo(elsewhere);

        // When
        var complete = KafkaStoreConfigs.of(config(counts), "me");
        var spans =
                KafkaStoreConfigs.of(
                        new ConfigSources()
                                .flags(List.of("storage.type=kafka", "storage.kafka.source=spans"))
                                .flags(List.of(counts))
                                .load()
                                .values(),
                        "me");

        // Then
        assertThat(complete.placement().partition(id, 3)).isEqualTo(ofSpans % 3);
        assertThat(spans.placement().partition(id, 5)).isEqualTo(ofSpans);
    }

    @Test
    void readsATopicThatOthersWriteAsTheyDo() throws Exception {
        // When
        var config =
                config(
                        "storage.kafka.source=spans",
                        "spans.unnamed-encoding=zipkin_proto",
                        "ingester.dependencies.topic=zipkin-dependency");
        var settings = KafkaStoreConfigs.of(config, "me");

        // Then
        assertThat(settings.topic()).isEqualTo("spans");
        assertThat(settings.unnamed()).isEqualTo(SourceEncoding.ZIPKIN_PROTO);
        assertThat(settings.dependencies()).isEqualTo("zipkin-dependency");
        assertThat(settings.dependenciesAreZipkins()).isTrue();
        assertThat(PipelineConfigs.topics(config).dialect().zipkinKeys()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, true, true, true",
        "false, true, true, true, true",
        "true, false, true, true, true",
        "true, true, false, true, false",
        "false, false, true, false, true",
        "false, false, false, false, false"
    })
    void holdsNothingForWhatIsSwitchedOff(
            boolean byId, boolean search, boolean figures, boolean traces, boolean dependencies)
            throws Exception {
        // When
        var settings =
                KafkaStoreConfigs.of(
                        config(
                                "query.trace-by-id=" + byId,
                                "query.search=" + search,
                                "query.dependencies=" + figures),
                        "me");

        // Then
        assertThat(settings.traces()).isEqualTo(traces);
        assertThat(settings.dependencies() != null).isEqualTo(dependencies);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    storage.kafka.retention=8d | storage.kafka.retention: PT192H (expected: at most the retention of the topic traces-complete, PT168H)
                    topics.spans.retention=1d | storage.kafka.retention: PT168H (expected: at most the retention of the topic traces-complete, PT24H)
                    storage.kafka.dependency-retention=30d | storage.kafka.dependency-retention: PT720H (expected: at most the retention of the topic dependencies, PT168H)
                    storage.kafka.deadline=1m | storage.kafka.deadline: PT1M (expected: less than query.request-timeout, PT20S)
                    storage.kafka.hedge-after=10s | storage.kafka.hedge-after: PT10S (expected: more than nothing and less than deadline, PT10S)
                    storage.kafka.peers.host=0.0.0.0 | storage.kafka.peers.secret: none (expected: one, or peers.secret-file, where peers.host is not this machine alone: 0.0.0.0)
                    storage.kafka.peers.tls=true | storage.kafka.peers.tls: true without tls.certificate (expected: both or none)
                    """)
    void refusesWhatCannotBe(String setting, String problem) throws Exception {
        var config = config(setting);

        assertThatThrownBy(() -> SettingsCheck.run(config))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void keepsCompleteTracesAsLongAsSpansWhereNobodyElseKeepsThem() throws Exception {
        var usual = new ConfigSources().load().values();

        assertThat(PipelineConfigs.topics(usual).tracesComplete().retention())
                .isEqualTo(Duration.ofDays(1));
        assertThat(PipelineConfigs.topics(config()).tracesComplete().retention())
                .isEqualTo(Duration.ofDays(7));
        assertThat(
                        PipelineConfigs.topics(config("topics.traces-complete.retention=30d"))
                                .tracesComplete()
                                .retention())
                .isEqualTo(Duration.ofDays(30));
    }

    @Test
    void leavesOutTheRolesThatAreSwitchedOff() throws Exception {
        var all = Role.together();
        var clock = Clock.systemUTC();

        assertThat(new Roles(config(), all, clock).roles()).isEqualTo(all);
        assertThat(new Roles(config("collector.enabled=false"), all, clock).roles())
                .containsExactly(Role.BROKER, Role.AGGREGATOR, Role.INGESTER, Role.QUERY);
        assertThat(new Roles(config("aggregator.enabled=false"), all, clock).roles())
                .containsExactly(Role.BROKER, Role.COLLECTOR, Role.INGESTER, Role.QUERY);
        var nothing = new Roles(config("collector.enabled=false"), Set.of(Role.COLLECTOR), clock);
        assertThatThrownBy(() -> start(nothing))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("roles: none left");
    }

    @Test
    void refusesAProcessThatWouldOnlyIngest() throws Exception {
        var roles = new Roles(config(), Set.of(Role.INGESTER), Clock.systemUTC());

        assertThatThrownBy(() -> start(roles))
                .isInstanceOf(StartException.class)
                .hasMessage(
                        "roles: ingester (expected: query, which holds the store itself where"
                                + " storage.type is kafka)");
    }

    private static void start(Roles roles) throws Exception {
        var config = config("health.port=0", "metrics.port=0");
        try (var millrace = new Millrace(config, roles, Clock.systemUTC())) {
            millrace.start();
        }
    }

    @Test
    void createsNoTopicForAnAggregatorThatIsSwitchedOff() throws Exception {
        // Given
        var reading = config("aggregator.enabled=false");
        var storing = config("aggregator.enabled=false", "storage.kafka.source=spans");
        var collecting =
                config(
                        "aggregator.enabled=false",
                        "storage.kafka.source=spans",
                        "query.dependencies=false",
                        "topics.zipkin-traces.name=zipkin-trace");

        // Then
        assertThat(unneeded(config())).isEmpty();
        assertThat(unneeded(reading))
                .containsExactlyInAnyOrder("sampling-decisions", "sampling-control");
        assertThat(unneeded(storing))
                .containsExactlyInAnyOrder(
                        "sampling-decisions", "sampling-control", "traces-complete");
        assertThat(unneeded(collecting))
                .containsExactlyInAnyOrder(
                        "sampling-decisions",
                        "sampling-control",
                        "traces-complete",
                        "dependencies",
                        "zipkin-trace");
    }

    private static List<String> unneeded(MillraceConfig config) {
        return PipelineConfigs.unneededTopics(config, PipelineConfigs.topics(config)).stream()
                .map(Topic::name)
                .toList();
    }

    @Test
    void anIngesterReadsOurOwnTopicAsItIsSaidToBeAndThoseOfOthersAsItIsToldItself()
            throws Exception {
        var named = "spans.unnamed-encoding=zipkin_proto";

        assertThat(PipelineConfigs.ingesterSource(config(named, "ingester.feed=spans")))
                .isEqualTo(
                        new IngesterConfig.Source(
                                IngesterConfig.Feed.SPANS, null, SourceEncoding.ZIPKIN_PROTO));
        assertThat(
                        PipelineConfigs.ingesterSource(
                                config(named, "ingester.feed=spans", "ingester.topic=other")))
                .isEqualTo(new IngesterConfig.Source(IngesterConfig.Feed.SPANS, "other", null));
        assertThat(PipelineConfigs.ingesterSource(config(named)))
                .isEqualTo(IngesterConfig.Source.TRACES);
        var packed = config(named, "spans.keying=packed");
        assertThatThrownBy(() -> SettingsCheck.run(packed))
                .hasMessageContaining("sink.keying: packed (expected: trace-id");
    }
}
