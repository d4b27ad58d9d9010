package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Jaeger's JSON API over a store that keeps no figures of services, without an archive and with
/// clocks left alone.
class JaegerWithoutExtrasTest {

    private static final MemoryTraceStore STORE = new MemoryTraceStore();
    private static RunningQuery query;

    @BeforeAll
    static void start() {
        STORE.keep(JaegerFixture.skewed());
        query = new RunningQuery(STORE.withoutFigures());
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/api/metrics/calls?service=a, metrics querying is currently disabled",
        "/api/metrics/errors?service=a, metrics querying is currently disabled",
        "/api/metrics/latencies?service=a&quantile=0.5, metrics querying is currently disabled",
        "/api/metrics/minstep, metrics querying is currently disabled"
    })
    void hasNoFigures(String path, String message) {
        // When
        var response = query.get(path);

        // Then
        assertThat(response.statusCode()).isEqualTo(501);
        assertThat(response.body()).contains("\"errors\":[{\"code\":501,\"msg\":\"" + message);
    }

    @Test
    void saysSoBeforeItIsAsked() {
        assertThat(query.get("/v1/features").body())
                .isEqualTo("{\"decisions\":false,\"figures\":false}");
    }

    @Test
    void hasNoArchive() {
        // When
        var response = query.post("/api/archive/5e", "");

        // Then
        assertThat(response.statusCode()).isEqualTo(501);
        assertThat(response.body())
                .isEqualTo(
                        "{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":501,"
                                + "\"msg\":\"archive span storage was not configured\"}]}");
    }

    @Test
    void countsCallsOfStoredTraces() {
        // When
        var response = query.get("/api/dependencies");

        // Then
        assertThat(response.body())
                .startsWith(
                        "{\"data\":[{\"parent\":\"desk\",\"child\":\"rack\",\"callCount\":1}],");
    }

    @Test
    void saysByHowMuchAClockIsOff() {
        // When
        var response = query.get("/api/traces/5e");

        // Then
        assertThat(response.body())
                .contains(
                        "\"startTime\":1795229399510000",
                        "its clock seems to be off by 520ms; correcting clocks is switched off");
    }
}
