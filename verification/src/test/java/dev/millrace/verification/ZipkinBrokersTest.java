package dev.millrace.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.TraceId;
import dev.millrace.verification.ZipkinBrokers.Kind;
import dev.millrace.verification.ZipkinClientsTest.ZipkinSpans;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import zipkin2.Span;
import zipkin2.reporter.SpanBytesEncoder;

/// Programs with Zipkin's reporter that send through a broker, and a whole Millrace that reads it.
@TestInstance(Lifecycle.PER_CLASS)
class ZipkinBrokersTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ZipkinBrokers brokers;
    private final RunningMillrace millrace;

    ZipkinBrokersTest(@TempDir Path directory) throws Exception {
        brokers = new ZipkinBrokers(directory);
        brokers.start();
        millrace = new RunningMillrace(directory, brokers.settings());
    }

    @BeforeAll
    void start() throws Exception {
        millrace.start();
    }

    @AfterAll
    void close() throws Exception {
        try (brokers;
                millrace) {
            millrace.stop();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyEncodingThatASenderPutsThereIsStoredAndAcknowledged(Kind kind) throws Exception {
        // Given
        var calls = new EnumMap<SpanBytesEncoder, List<Span>>(SpanBytesEncoder.class);
        for (var encoder : SpanBytesEncoder.values()) {
            calls.put(encoder, call(kind + "-" + encoder));
        }

        // When
        for (var call : calls.entrySet()) {
            brokers.report(kind, call.getKey(), call.getValue());
        }

        // Then
        calls.values().forEach(this::assertStored);
        awaitNothingWaits(kind);
    }

    @Test
    void givesNothingBackWhenItStopsAndLosesNothingThatWaitedMeanwhile() throws Exception {
        // Given
        Map<Kind, List<Span>> before = reportToAll("before");
        before.values().forEach(this::assertStored);
        for (var kind : Kind.values()) {
            awaitNothingWaits(kind);
        }

        // When
        millrace.stop();

        // Then
        for (var kind : Kind.values()) {
            assertThat(brokers.waiting(kind)).as("given back to %s", kind).isZero();
        }

        // Given
        Map<Kind, List<Span>> meanwhile = reportToAll("meanwhile");
        for (var kind : Kind.values()) {
            assertThat(brokers.waiting(kind)).as("waiting at %s", kind).isPositive();
        }

        // When
        millrace.start();

        // Then
        meanwhile.values().forEach(this::assertStored);
        for (var kind : Kind.values()) {
            awaitNothingWaits(kind);
        }
    }

    private Map<Kind, List<Span>> reportToAll(String when) throws Exception {
        var sent = new EnumMap<Kind, List<Span>>(Kind.class);
        for (var kind : Kind.values()) {
            var call = call(kind + "-" + when);
            brokers.report(kind, SpanBytesEncoder.PROTO3, call);
            sent.put(kind, call);
        }
        return sent;
    }

    private static List<Span> call(String service) {
        return ZipkinSpans.call(
                service.toLowerCase(Locale.ROOT), System.currentTimeMillis() * 1_000);
    }

    private void assertStored(List<Span> call) {
        var traceId = TraceId.parse(call.getFirst().traceId());
        ZipkinSpans.assertIsCall(millrace.awaitTrace(traceId, call.size()).spans(), call);
    }

    private void awaitNothingWaits(Kind kind) {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(brokers.waiting(kind)).as("waiting at %s", kind).isZero());
    }
}
