package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DecisionLookup;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.federated.FederatedTraceStore;
import dev.millrace.storage.federated.Member;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is answered when one of several stores is away, and that is tolerated.
class PartialAnswersTest {

    private static final String GAP = "store cold: no servers";
    private static final OpenApiCheck DESCRIPTION =
            new OpenApiCheck(RunningQuery.golden("openapi.json"));

    private static FederatedTraceStore store;
    private static RunningQuery query;

    @BeforeAll
    static void start() {
        var hot = new MemoryTraceStore();
        hot.keep(SampleTraces.plain(new TraceId(0, 1), "clock", SampleTraces.NOW_NANOS));
        var cold = new MemoryTraceStore();
        cold.beforeReads(() -> {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "no servers");
        });
        store =
                new FederatedTraceStore(
                        List.of(
                                new Member("hot", hot.withoutFigures()),
                                new Member("cold", cold.withoutFigures())),
                        Duration.ofSeconds(20),
                        true);
        query = new RunningQuery(store, DecisionLookup.none("no Kafka"));
    }

    @AfterAll
    static void stop() {
        query.close();
        store.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    /v1/services                         | {"services":["clock"],"partial":true,"reasons":["store cold: no servers"]}
                    /v1/services/clock/operations        | {"operations":[{"name":"tick","kind":"internal"}],"partial":true,"reasons":["store cold: no servers"]}
                    /v1/search?service=nobody            | {"traces":[],"nextCursor":null,"partial":true,"reasons":["store cold: no servers"]}
                    /v1/attributes?scope=resource        | {"keys":{"resource":["service.name"]},"tracesRead":1,"partial":true,"reasons":["store cold: no servers"]}
                    /v1/attributes/service.name/values   | {"key":"service.name","values":[{"type":"string","value":"clock"}],"tracesRead":1,"partial":true,"reasons":["store cold: no servers"]}
                    """)
    void saysWhatIsMissing(String address, String body) {
        // When
        var response = DESCRIPTION.announced(address, query.get(address));

        // Then
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(body);
        assertThat(response.headers().firstValue("millrace-partial")).hasValue(GAP);
    }

    @Test
    void saysInAHeaderThatATraceMayLackSpans() {
        // When
        var found = DESCRIPTION.announced("/v1/traces/1", query.get("/v1/traces/1"));
        var unknown = DESCRIPTION.announced("/v1/traces/2", query.get("/v1/traces/2"));

        // Then
        assertThat(found.statusCode()).isEqualTo(200);
        assertThat(found.headers().firstValue("millrace-partial")).hasValue(GAP);
        assertThat(unknown.statusCode()).isEqualTo(503);
        assertThat(unknown.body()).contains(GAP);
    }

    @ParameterizedTest
    @CsvSource({"/api/services", "/api/v2/services", "/tempo/api/search"})
    void answersNothingWhereTheAnswerCannotSaySo(String address) {
        // When
        var response = query.get(address);

        // Then
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).contains(GAP);
    }

    @Test
    void saysWhatThisProcessCannotDo() {
        // When
        var figures = DESCRIPTION.announced("/v1/red", query.get("/v1/red"));
        var links = DESCRIPTION.announced("/v1/dependencies", query.get("/v1/dependencies"));
        var decision =
                DESCRIPTION.announced("/v1/traces/1/decision", query.get("/v1/traces/1/decision"));

        // Then
        assertThat(figures.statusCode()).isEqualTo(501);
        assertThat(links.statusCode()).isEqualTo(501);
        assertThat(decision.statusCode()).isEqualTo(501);
        assertThat(decision.body())
                .isEqualTo("{\"error\":{\"status\":501,\"message\":\"no Kafka\"}}");
    }
}
