package dev.millrace.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.load.traffic.Encoding;
import dev.millrace.load.traffic.ShopWorkload;
import dev.millrace.load.traffic.TrafficShape;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Traffic of a shop, and what becomes of it on the way, against the [Oracle].
class OracleTest {

    private static final int SEEDS = 8;

    @Test
    void findsTheLinksAndFiguresThatTheOracleFinds() {
        for (int i = 0; i < SEEDS; i++) {
            // Given
            long seed = new Random().nextLong();
            var random = new Random(seed);
            var figures = Traces.analysis().partition();
            var oracle = new Oracle();

            // When
            for (var spans : traces(seed)) {
                var trace = i % 2 == 0 ? spans : changed(spans, random);
                if (trace.isEmpty()) {
                    continue;
                }
                if (i % 2 == 0 && random.nextInt(4) == 0 && trace.size() > 1) {
                    int cut = 1 + random.nextInt(trace.size() - 1);
                    Traces.show(
                            figures,
                            Tenant.DEFAULT,
                            false,
                            trace.subList(0, cut),
                            trace.subList(cut, trace.size()));
                } else {
                    Traces.show(figures, Tenant.DEFAULT, false, trace);
                }
                oracle.add(trace);
            }

            // Then
            var found = Traces.take(figures);
            assertThat(found.size()).isGreaterThan(30);
            assertThat(found.keySet())
                    .as("seed %s", seed)
                    .containsExactlyInAnyOrderElementsOf(oracle.figures().keySet());
            found.forEach((series, each) ->
                    assertThat(each)
                            .as("seed %s, %s", seed, series)
                            .isEqualTo(oracle.figures().get(series)));
        }
    }

    private static Collection<List<Span>> traces(long seed) {
        var shape = new TrafficShape(2_000, 0, Duration.ZERO, 0, 0, 1);
        var workload = new ShopWorkload(seed, shape, Encoding.OTLP);
        var traces = new LinkedHashMap<TraceId, List<Span>>();
        for (int round = 0; round < 2; round++) {
            for (var request : workload.next(Traces.START)) {
                for (var span : OtlpDecoder.spans(request.body())) {
                    traces.computeIfAbsent(span.traceId(), _ -> new ArrayList<>()).add(span);
                }
            }
        }
        return traces.values();
    }

    /// Some spans are missing, some halves share an id, some have lost their kind.
    private static List<Span> changed(List<Span> given, Random random) {
        var trace = random.nextBoolean() ? shared(given) : given;
        var changed = new ArrayList<Span>();
        for (var span : trace) {
            if (random.nextInt(20) == 0) {
                continue;
            }
            changed.add(
                    random.nextInt(20) == 0
                            ? copy(span, span.spanId()).kind(SpanKind.of(random.nextInt(6))).build()
                            : span);
        }
        return changed;
    }

    /// Server halves take the id of the client half above them, as Zipkin's do.
    private static List<Span> shared(List<Span> trace) {
        var clients = new HashMap<SpanId, Span>();
        for (var span : trace) {
            if (span.kind() == SpanKind.CLIENT) {
                clients.put(span.spanId(), span);
            }
        }
        var newIds = new HashMap<SpanId, SpanId>();
        var above = new HashMap<SpanId, Span>();
        for (var span : trace) {
            var client = clients.get(span.parentSpanId());
            if (span.kind() == SpanKind.SERVER && client != null) {
                newIds.put(span.spanId(), client.spanId());
                above.put(span.spanId(), client);
            }
        }
        var shared = new ArrayList<Span>();
        for (var span : trace) {
            var id = newIds.get(span.spanId());
            var parent = span.parentSpanId();
            var client = above.get(span.spanId());
            var newParent = client == null ? parent : client.parentSpanId();
            // What lies above the client may be a server half itself.
            newParent = newIds.getOrDefault(newParent, newParent);
            shared.add(copy(span, id == null ? span.spanId() : id).parentSpanId(newParent).build());
        }
        return shared;
    }

    private static Span.Builder copy(Span span, SpanId id) {
        return Span.builder(span.traceId(), id)
                .parentSpanId(span.parentSpanId())
                .name(span.name())
                .kind(span.kind())
                .time(span.startNanos(), span.endNanos())
                .attributes(span.attributes(), 0)
                .links(span.links(), 0)
                .status(span.status())
                .resource(span.resource())
                .scope(span.scope());
    }
}
