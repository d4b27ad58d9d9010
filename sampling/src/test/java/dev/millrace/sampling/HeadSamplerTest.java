package dev.millrace.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.sampling.HeadSample.Outcome;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.TraceChunk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class HeadSamplerTest {

    private static final long SEED = 42;
    private static final long SECOND = 1_000_000_000;

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);

    @Test
    void handsBackTheSameListWhenItIsOff() {
        // Given
        var chunks = traces(3);

        // When
        var sample = new HeadSampler(HeadConfig.KEEP_ALL).sample(Tenant.DEFAULT, chunks, 0);

        // Then
        assertThat(sample.chunks()).isSameAs(chunks);
    }

    @Test
    void keepsItsShareAndSaysSoInEachSpan() {
        // Given
        var chunks = traces(20_000);

        // When
        var sample = new HeadSampler(HeadConfig.HEAD).sample(Tenant.DEFAULT, chunks, 0);

        // Then
        assertThat(sample.chunks()).as("seed %s", SEED).hasSizeBetween(140, 260);
        for (var chunk : sample.chunks()) {
            var spans = OtlpDecoder.spans(chunk.body());
            assertThat(spans).hasSize(2).allMatch(s -> s.traceState().equals("ot=th:fd70a4"));
        }
        assertThat(sample.dropped()).isEqualTo(40_000 - 2 * sample.chunks().size());
    }

    @Test
    void changesNothingButTheTraceStateOfWhatItKeeps() {
        // Given
        var id = new TraceId(1, 0x00ff_ffff_ffff_ffffL);
        var spans = List.of(span(id, "a", "one", "x=1"), span(id, "b", "two", ""));
        var chunk = chunk(id, spans);

        // When
        var sample = new HeadSampler(HeadConfig.HEAD).sample(Tenant.DEFAULT, List.of(chunk), 0);

        // Then
        var kept = OtlpDecoder.spans(sample.chunks().getFirst().body());
        assertThat(kept)
                .extracting(Span::traceState)
                .containsExactly("ot=th:fd70a4,x=1", "ot=th:fd70a4");
        assertThat(kept)
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("traceState")
                .containsExactlyElementsOf(spans);
    }

    @Test
    void dropsASpanByItsOwnRuleAndKeepsItsNeighbour() {
        // Given
        var id = new TraceId(1, 5);
        var chunk =
                chunk(id, List.of(span(id, "a", "GET /health", ""), span(id, "b", "GET /", "")));
        var sampler = new HeadSampler(config(1, List.of(new HeadRule("a*", "*health*", 0)), 0, 10));

        // When
        var sample = sampler.sample(Tenant.DEFAULT, List.of(chunk), 0);

        // Then
        var kept = OtlpDecoder.spans(sample.chunks().getFirst().body());
        assertThat(kept).extracting(Span::name).containsExactly("GET /");
        assertThat(kept.getFirst().serviceName()).isEqualTo("b");
        assertThat(sample.chunks().getFirst().spans()).isEqualTo(1);
        assertThat(sample.spans()).containsEntry(Outcome.DROPPED_RULE, 1);
    }

    @Test
    void onlyRaisesTheThresholdASpanArrivesWith() {
        // Given
        var id = new TraceId(1, 0x00ff_ffff_ffff_ffffL);
        var chunk =
                chunk(id, List.of(span(id, "a", "x", "ot=th:fff"), span(id, "a", "x", "ot=th:8")));

        // When
        var sample = new HeadSampler(HeadConfig.HEAD).sample(Tenant.DEFAULT, List.of(chunk), 0);

        // Then
        assertThat(OtlpDecoder.spans(sample.chunks().getFirst().body()))
                .extracting(Span::traceState)
                .containsExactly("ot=th:fff", "ot=th:fd70a4");
    }

    @Test
    void keepsAFailedTraceAndWhatComesLaterOfIt() {
        // Given
        var id = new TraceId(1, 7);
        var sampler = new HeadSampler(HeadConfig.HEAD);
        var failed = chunk(id, List.of(span(id, "a", "x", ""), failed(id)));
        var later = chunk(id, List.of(span(id, "a", "y", "")));

        // When
        var first = sampler.sample(Tenant.DEFAULT, List.of(failed), 0);
        var second = sampler.sample(Tenant.DEFAULT, List.of(later), SECOND);
        var expired = sampler.sample(Tenant.DEFAULT, List.of(later), 3_601 * SECOND);
        var other = sampler.sample(new Tenant("other"), List.of(later), SECOND);

        // Then
        assertThat(first.errorTraces()).containsExactly(id);
        assertThat(first.spans()).containsEntry(Outcome.KEPT_ERROR, 2);
        assertThat(second.spans()).containsEntry(Outcome.KEPT_REMEMBERED, 1);
        assertThat(second.errorTraces()).isEmpty();
        assertThat(expired.chunks()).isEmpty();
        assertThat(other.chunks()).isEmpty();
        for (var sample : List.of(first, second)) {
            for (var span : OtlpDecoder.spans(sample.chunks().getFirst().body())) {
                assertThat(span.traceState()).isEqualTo("ot=th:0");
                assertThat(span.attributes().find("millrace.head"))
                        .contains(new AttributeValue.Text("error"));
            }
        }
    }

    @Test
    void countsWhatItForgetsForWantOfRoom() {
        // Given
        var sampler = new HeadSampler(config(0, List.of(), 0, 2));
        var ids = List.of(new TraceId(1, 1), new TraceId(1, 2), new TraceId(1, 3));

        // When
        sampler.remember(Tenant.DEFAULT, ids, 0);

        // Then
        assertThat(sampler.rememberedTraces()).isEqualTo(2);
        assertThat(sampler.evictedTraces()).isEqualTo(1);
    }

    @Test
    void holdsARateLimitByWholeTraces() {
        // Given
        var sampler = new HeadSampler(config(1, List.of(), 200, 10));
        double kept = 0;

        // When
        for (int tick = 0; tick < 100; tick++) {
            var sample = sampler.sample(Tenant.DEFAULT, traces(100), tick * SECOND / 10);
            assertThat(sample.chunks()).allMatch(chunk -> chunk.spans() == 2);
            kept += tick < 20 ? 0 : sample.chunks().size() * 2;
        }

        // Then
        assertThat(kept / 8).as("spans per second, seed %s", SEED).isCloseTo(200, within(100.0));
    }

    @Test
    void halvesUnderLoadAndRecoversBelowTheLowMark() {
        // Given
        var load = new LoadFactor(new LoadFactor.Settings(0.8, 0.7, 0.25, 10));

        // Then
        assertThat(load.step(new Load(0.9, 0.1), 0)).isEqualTo(0.5);
        assertThat(load.step(new Load(0.9, 0.1), 5)).isEqualTo(0.5);
        assertThat(load.step(new Load(0.1, 0.9), 10)).isEqualTo(0.25);
        assertThat(load.step(new Load(0.9, 0.9), 20)).isEqualTo(0.25);
        assertThat(load.step(new Load(0.75, 0.1), 30)).isEqualTo(0.25);
        assertThat(load.step(new Load(0.6, Double.NaN), 40)).isEqualTo(0.5);
        assertThat(load.step(new Load(0.6, 0.6), 50)).isEqualTo(1);
    }

    @Test
    void goesOnFromTheFactorThatHeldBeforeAndWaitsAsAfterAChange() {
        // Given
        var load = new LoadFactor(new LoadFactor.Settings(0.8, 0.7, 0.25, 10), 0.5, 100);

        // Then
        assertThat(load.step(Load.NONE, 109)).isEqualTo(0.5);
        assertThat(load.step(Load.NONE, 110)).isEqualTo(1);
        assertThat(new Load(0.2, Double.NaN).max(new Load(0.1, 0.9))).isEqualTo(new Load(0.2, 0.9));
    }

    private static HeadConfig config(
            double probability, List<HeadRule> rules, double perSecond, int remembered) {
        return new HeadConfig(
                true, probability, rules, perSecond, 0, remembered, Duration.ofHours(1), 100);
    }

    private List<TraceChunk> traces(int count) {
        var chunks = new ArrayList<TraceChunk>();
        for (int i = 0; i < count; i++) {
            var id = new TraceId(random.nextLong(), random.nextLong() | 1L << 60);
            chunks.add(chunk(id, List.of(span(id, "a", "x", ""), span(id, "b", "y", ""))));
        }
        return chunks;
    }

    private static TraceChunk chunk(TraceId id, List<Span> spans) {
        return new TraceChunk(id, OtlpEncoder.encode(spans), spans.size());
    }

    private static Span failed(TraceId id) {
        return builder(id, "b", "failed").status(new Status(Status.Code.ERROR, "no")).build();
    }

    private static Span span(TraceId id, String service, String name, String traceState) {
        return builder(id, service, name).traceState(traceState).build();
    }

    private static Span.Builder builder(TraceId id, String service, String name) {
        var attributes =
                Attributes.of(
                        new Attributes.Attribute("service.name", new AttributeValue.Text(service)));
        return Span.builder(id, new SpanId(name.hashCode() | 1))
                .name(name)
                .time(1, 2)
                .resource(new Resource(attributes, 0, "schema"))
                .scope(new Scope("scope", "1", Attributes.EMPTY, 0, ""));
    }
}
