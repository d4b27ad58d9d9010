package dev.millrace.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.Slice;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StrategiesTest {

    private static final String FILE =
            """
            {"service_strategies": [
               {"service": "foo", "type": "probabilistic", "param": 0.8,
                "operation_strategies": [
                  {"operation": "op1", "type": "probabilistic", "param": 0.2}]},
               {"service": "bar", "type": "ratelimiting", "param": 5}],
             "default_strategy": {"type": "probabilistic", "param": 0.5,
                "operation_strategies": [
                  {"operation": "/health", "type": "probabilistic", "param": 0.0}]}}
            """;

    @Test
    void mergesTheDefaultOperationsIntoEachService() {
        // When
        var file = StrategyFile.parse(FILE, 0.001);

        // Then
        var foo = (SamplingStrategy.PerOperation) file.strategy("foo");
        assertThat(foo.otherwise()).isEqualTo(0.8);
        assertThat(foo.probability("op1")).isEqualTo(0.2);
        assertThat(foo.probability("/health")).isZero();
        var bar = (SamplingStrategy.PerOperation) file.strategy("bar");
        assertThat(bar.otherwise()).as("of the default, with its operations").isEqualTo(0.5);
        assertThat(bar.probability("/health")).isZero();
        var other = (SamplingStrategy.PerOperation) file.strategy("other");
        assertThat(other.otherwise()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | an object",
                "{\"x\": 1} | x: unknown field",
                "{\"default_strategy\": {\"type\": \"probabilistic\", \"param\": 2}} | 2.0",
                "{\"default_strategy\": {\"type\": \"odd\", \"param\": 1}} | \"odd\"",
                "{\"service_strategies\": [{\"type\": \"probabilistic\", \"param\": 1}]} | missing",
            })
    void namesThePlaceThatIsWrong(String json, String message) {
        assertThatThrownBy(() -> StrategyFile.parse(json, 0.001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("expected");
    }

    @Test
    void refusesARateLimitForAnOperation() {
        String json =
                "{\"default_strategy\":{\"type\":\"probabilistic\",\"param\":1,"
                        + "\"operation_strategies\":[{\"operation\":\"a\",\"type\":"
                        + "\"ratelimiting\",\"param\":1}]}}";
        assertThatThrownBy(() -> StrategyFile.parse(json, 0.001))
                .hasMessageContaining("operation_strategies[0].type: ratelimiting");
    }

    @Test
    void writesWhatSdksRead() {
        // Given
        var strategy =
                new SamplingStrategy.PerOperation(
                        0.5, 0, List.of(new SamplingStrategy.Operation("a", 0.25)));

        // Then
        assertThat(StrategyCodec.json(strategy))
                .isEqualTo(
                        "{\"strategyType\":\"PROBABILISTIC\",\"probabilisticSampling\":"
                                + "{\"samplingRate\":0.5},\"operationSampling\":"
                                + "{\"defaultSamplingProbability\":0.5,"
                                + "\"defaultLowerBoundTracesPerSecond\":0.0,"
                                + "\"perOperationStrategies\":[{\"operation\":\"a\","
                                + "\"probabilisticSampling\":{\"samplingRate\":0.25}}],"
                                + "\"defaultUpperBoundTracesPerSecond\":0.0}}");
        assertThat(hex(StrategyCodec.proto(new SamplingStrategy.RateLimiting(5))))
                .isEqualTo("08011a020805");
        assertThat(hex(StrategyCodec.proto(strategy)))
                .isEqualTo(
                        "120909000000000000e03f"
                                + "221909000000000000e03f1a0e0a0161120909000000000000d03f");
        assertThat(StrategyCodec.service(Slice.of(HexFormat.of().parseHex("0a03666f6f"))))
                .isEqualTo("foo");
    }

    @Test
    void approachesTheTargetFromWhatRootsSay() {
        // Given
        var strategies = new AdaptiveStrategies(AdaptiveStrategies.Settings.DEFAULT);

        // When
        for (int minute = 0; minute < 30; minute++) {
            var throughput = new Throughput(10);
            double p = strategies.probability("s", "op");
            long seen = Math.round(100 * 60 * p);
            throughput.add(
                    new Throughput.Operation("s", "op"), new Throughput.Count(seen, seen / p));
            strategies.step(Throughput.parse(throughput.text(), 10), 60);
        }

        // Then
        assertThat(100 * strategies.probability("s", "op")).isCloseTo(1, within(0.3));
        var follower = new AdaptiveStrategies(AdaptiveStrategies.Settings.DEFAULT);
        follower.replace(strategies.text());
        assertThat(follower.strategy("s")).isEqualTo(strategies.strategy("s"));
    }

    @Test
    void carriesAnyNameThroughItsTextForm() {
        // Given
        var throughput = new Throughput(2);
        var odd = new Throughput.Operation("a\tb\\t", "c\nd\r\\");
        throughput.add(odd, new Throughput.Count(2, 8));
        throughput.add(new Throughput.Operation("x", "y"), new Throughput.Count(1, 1));

        // When
        throughput.add(new Throughput.Operation("x", "z"), new Throughput.Count(3, 3));

        // Then
        assertThat(Throughput.parse(throughput.text(), 2).counts()).isEqualTo(throughput.counts());
        assertThat(throughput.overBound()).isEqualTo(3);
    }

    private static String hex(Slice slice) {
        return HexFormat.of()
                .formatHex(slice.array(), slice.offset(), slice.offset() + slice.length());
    }
}
