package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Kinds of questions that are switched off, in every API.
class SwitchedStoreTest {

    private static final String ID = "0af7651916cd43dd8448eb211c80319c";
    private static final AtomicInteger READS = new AtomicInteger();

    /// By what is switched off.
    private static final Map<String, RunningQuery> SERVERS = new HashMap<>();

    @BeforeAll
    static void start() {
        SERVERS.put("trace-by-id", running(new Questions(false, true, true)));
        SERVERS.put("search", running(new Questions(true, false, true)));
        SERVERS.put("dependencies", running(new Questions(true, true, false)));
    }

    private static RunningQuery running(Questions questions) {
        var query = new RunningQuery(config(questions));
        query.store.keep(SampleTraces.rich());
        query.store.beforeReads(READS::incrementAndGet);
        return query;
    }

    private static QueryConfig config(Questions questions) {
        return new QueryConfig("127.0.0.1", 0, Duration.ofSeconds(20), 1500, 16).with(questions);
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(RunningQuery::close);
    }

    private static RunningQuery without(String key) {
        return Objects.requireNonNull(SERVERS.get(key));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    trace-by-id  | traces by id        | /v1/traces/ID
                    trace-by-id  | traces by id        | /api/traces/ID
                    trace-by-id  | traces by id        | /api/v3/traces/ID
                    trace-by-id  | traces by id        | /api/v2/trace/ID
                    trace-by-id  | traces by id        | /tempo/api/traces/ID
                    search       | search              | /v1/search
                    search       | search              | /v1/services
                    search       | search              | /api/services
                    search       | search              | /api/traces?service=shop
                    search       | search              | /api/v3/services
                    search       | search              | /api/v2/services
                    search       | search              | /api/v2/spans?serviceName=shop
                    search       | search              | /api/v2/traces
                    search       | search              | /tempo/api/search?q=%7B%7D
                    dependencies | figures of services | /v1/dependencies
                    dependencies | figures of services | /api/dependencies?endTs=1790000000000&lookback=60000
                    dependencies | figures of services | /api/v2/dependencies?endTs=1790000000000
                    """)
    void saysOfEveryEndpointThatItIsSwitchedOffAndAsksNoStore(
            String key, String question, String path) {
        // Given
        int before = READS.get();

        // When
        var answer = without(key).get(path.replace("ID", ID));

        // Then
        assertThat(answer.body())
                .contains(question + ": switched off (expected: query." + key + ": true)");
        assertThat(answer.statusCode()).isEqualTo(501);
        assertThat(READS).hasValue(before);
    }

    @ParameterizedTest
    @CsvSource({
        "trace-by-id, /api/v2/services",
        "trace-by-id, /api/v2/dependencies?endTs=1790000000000",
        "search, /api/v2/trace/" + ID,
        "search, /v1/traces/" + ID,
        "search, /api/v2/dependencies?endTs=1790000000000",
        "search, /api/dependencies?endTs=1790000000000&lookback=60000",
        "dependencies, /api/v2/traces",
        "dependencies, /v1/services"
    })
    void answersTheRestAsEver(String key, String path) {
        var answer = without(key).get(path);

        assertThat(answer.statusCode()).as(answer.body()).isIn(200, 404);
    }

    @Test
    void doesNotLookForFiguresInTracesWhereNobodyIsToSeeAny() {
        // Given
        var figureless = new MemoryTraceStore().withoutFigures();
        try (var query = new RunningQuery(config(new Questions(true, true, false)), figureless)) {
            // When
            var answer = query.get("/api/v2/dependencies?endTs=1790000000000");
            var ui = query.get("/zipkin/config.json");

            // Then
            assertThat(answer.statusCode()).isEqualTo(501);
            assertThat(ui.body())
                    .contains("\"searchEnabled\":true", "\"dependency\":{\"enabled\":false");
        }
    }
}
