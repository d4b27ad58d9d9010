package dev.millrace.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.linecorp.armeria.common.TlsKeyPair;
import dev.millrace.load.LoadConfig.Traffic;
import dev.millrace.load.Receiver.Reply;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(40)
class LoadRunTest {

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({"OTLP_GRPC, false", "OTLP_GRPC, true", "OTLP_HTTP, false", "OTLP_HTTP, true"})
    void deliversEverySpanIncludingLateOnesAndTellsTheTruth(Protocol protocol, boolean gzip)
            throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .gzip(gzip)
                            .late(0.1, Duration.ofMillis(300))
                            .duplicates(0.1)
                            .giants(20, 1_500)
                            .totalSpans(6_000)
                            .build();

            // When
            var report = run(config);

            // Then
            var truth = Truth.read(truthFile());
            assertThat(report.sent()).isEqualTo(receiver.spans()).isGreaterThanOrEqualTo(6_000);
            assertThat(report.isComplete()).isTrue();
            assertThat(report.p99()).isPositive();
            var comparison = truth.compare(receiver::find);
            assertThat(comparison.isClean()).as("%s", comparison).isTrue();
            assertThat(comparison.matched()).isEqualTo(truth.acknowledgedSpans());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ZIPKIN_JSON, false",
        "ZIPKIN_JSON, true",
        "ZIPKIN_PROTO, false",
        "JAEGER_GRPC, true"
    })
    void tellsTheTruthAboutWhatAnotherFormatCarries(Protocol protocol, boolean gzip)
            throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .gzip(gzip)
                            .late(0.1, Duration.ofMillis(300))
                            .duplicates(0.1)
                            .totalSpans(3_000)
                            .build();

            // When
            var report = run(config);

            // Then
            var truth = Truth.read(truthFile());
            assertThat(report.isComplete()).isTrue();
            var comparison = truth.compare(receiver::find);
            assertThat(comparison.isClean()).as("%s", comparison).isTrue();
            assertThat(comparison.matched())
                    .isEqualTo(truth.acknowledgedSpans())
                    .isGreaterThan(2_500);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP", "ZIPKIN_JSON"})
    void showsItsTokenOverTls(Protocol protocol) throws Exception {
        var pair = TlsKeyPair.ofSelfSigned("localhost");
        try (var receiver = new Receiver(_ -> Reply.TAKE, pair).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .headers(Map.of("authorization", "Bearer abc", "x-scope-orgid", "shop"))
                            .tls(new ClientTls(pem(pair.certificateChain().getFirst()), null, null))
                            .totalSpans(512)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.acknowledged()).isEqualTo(512);
            assertThat(receiver.headers())
                    .isNotEmpty()
                    .allMatch(it -> it.contains("authorization", "Bearer abc"))
                    .allMatch(it -> it.contains("x-scope-orgid", "shop"));
            assertThat(config.toString()).doesNotContain("abc");
        }
    }

    @Test
    void doesNotSpeakToAReceiverItDoesNotTrust() throws Exception {
        try (var receiver =
                new Receiver(_ -> Reply.TAKE, TlsKeyPair.ofSelfSigned("localhost")).start()) {
            // Given
            var config =
                    config(receiver.uri(), Protocol.OTLP_GRPC)
                            .traffic(Traffic.BENCHMARK)
                            .retryFor(Duration.ofMillis(500))
                            .totalSpans(512)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.failed()).isEqualTo(512);
            assertThat(report.refusals()).isZero();
            assertThat(receiver.headers()).isEmpty();
        }
    }

    private Path pem(X509Certificate certificate) throws Exception {
        var encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
        return Files.writeString(
                directory.resolve("trust.pem"),
                "-----BEGIN CERTIFICATE-----\n"
                        + encoder.encodeToString(certificate.getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP", "ZIPKIN_JSON", "ZIPKIN_PROTO", "JAEGER_GRPC"})
    void sendsBenchmarkTraffic(Protocol protocol) throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .totalSpans(5_120)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.acknowledged()).isEqualTo(5_120).isEqualTo(receiver.spans());
            assertThat(Truth.read(truthFile()).compare(receiver::find).isClean()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP"})
    void waitsAsLongAsTheReceiverAsks(Protocol protocol) throws Exception {
        try (var receiver =
                new Receiver(number -> number == 0 ? Reply.AGAIN_IN_A_SECOND : Reply.TAKE)
                        .start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .totalSpans(1)
                            .build();

            // When
            var report = run(config);

            // Then
            var arrivals = receiver.arrivals();
            assertThat(arrivals).hasSize(2);
            assertThat(arrivals.get(1) - arrivals.get(0)).isGreaterThanOrEqualTo(990_000_000);
            assertThat(report.retries()).isEqualTo(1);
            assertThat(report.refusals()).isEqualTo(1);
            assertThat(report.unhinted()).isZero();
            assertThat(report.isComplete()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP"})
    void countsThePartThatWasRefused(Protocol protocol) throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE_PARTLY).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .totalSpans(1_024)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.rejected()).isEqualTo(2);
            assertThat(report.acknowledged()).isEqualTo(1_022);
            assertThat(report.failed()).isZero();
            assertThat(Truth.read(truthFile()).compare(receiver::find).isClean()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP"})
    void doesNotRepeatWhatWasRefusedForGood(Protocol protocol) throws Exception {
        try (var receiver = new Receiver(_ -> Reply.REFUSE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .totalSpans(512)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.rejected()).isEqualTo(512);
            assertThat(report.retries()).isZero();
            assertThat(receiver.arrivals()).hasSize(1);
            var truth = Truth.read(truthFile());
            assertThat(truth.acknowledgedSpans()).isZero();
            assertThat(truth.compare(receiver::find).isClean()).isTrue();
        }
    }

    @Test
    void takesExhaustionWithoutAHintForARefusalOverGrpc() throws Exception {
        try (var receiver = new Receiver(_ -> Reply.BUSY).start()) {
            // Given
            var config =
                    config(receiver.uri(), Protocol.OTLP_GRPC)
                            .traffic(Traffic.BENCHMARK)
                            .totalSpans(1)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.rejected()).isEqualTo(512);
            assertThat(report.retries()).isZero();
            assertThat(report.unhinted()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP"})
    void givesUpWhenTheReceiverStaysAway(Protocol protocol) throws Exception {
        try (var receiver = new Receiver(_ -> Reply.UNAVAILABLE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .traffic(Traffic.BENCHMARK)
                            .retryFor(Duration.ofSeconds(1))
                            .totalSpans(1)
                            .build();

            // When
            var report = run(config);

            // Then
            assertThat(report.failed()).isEqualTo(512);
            assertThat(report.acknowledged()).isZero();
            assertThat(report.retries()).isEqualTo(receiver.arrivals().size() - 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OTLP_GRPC", "OTLP_HTTP"})
    void losesNothingWhenTheReceiverIsKilledAndComesBack(Protocol protocol) throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var config =
                    config(receiver.uri(), protocol)
                            .spansPerSecond(4_000)
                            .totalSpans(6_000)
                            .requestTimeout(Duration.ofSeconds(3))
                            .build();
            var report =
                    CompletableFuture.supplyAsync(
                            () -> quietly(config), Thread::startVirtualThread);
            receiver.awaitFifthRequest();

            // When
            receiver.restart();

            // Then
            assertThat(report.get().isComplete()).as("%s", report.get()).isTrue();
            var truth = Truth.read(truthFile());
            var comparison = truth.compare(receiver::find);
            assertThat(comparison.isClean()).as("%s", comparison).isTrue();
            assertThat(comparison.matched()).isGreaterThan(5_000);
        }
    }

    @Test
    void doesNotExceedTheRateAndTellsItsProgress() throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var progress = new ConcurrentLinkedQueue<LoadProgress>();
            var config =
                    config(receiver.uri(), Protocol.OTLP_GRPC)
                            .spansPerSecond(2_000)
                            .totalSpans(5_000)
                            .late(0, Duration.ZERO)
                            .build();

            // When
            var report =
                    new LoadRun(config, InstantSource.system(), System::nanoTime, progress::add)
                            .run();

            // Then
            assertThat(report.elapsed()).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
            assertThat(report.spansPerSecond()).isLessThan(2_500);
            assertThat(progress).isNotEmpty();
        }
    }

    @Test
    void endsWhenStopped() throws Exception {
        try (var receiver = new Receiver(_ -> Reply.TAKE).start()) {
            // Given
            var config =
                    config(receiver.uri(), Protocol.OTLP_GRPC)
                            .spansPerSecond(2_000)
                            .late(0.1, Duration.ofHours(1))
                            .build();
            var run = new LoadRun(config, InstantSource.system(), System::nanoTime, _ -> {});
            var report =
                    CompletableFuture.supplyAsync(() -> quietly(run), Thread::startVirtualThread);
            receiver.awaitFifthRequest();

            // When
            run.stop();

            // Then
            assertThat(report.get().sent()).isEqualTo(receiver.spans());
            assertThat(report.get().isComplete()).isTrue();
        }
    }

    @Test
    void countsWhatHasNoAnswerWhenStoppedAsFailed() throws Exception {
        // Given
        var told = new CountDownLatch(1);
        var config =
                config(URI.create("http://127.0.0.1:1"), Protocol.OTLP_GRPC)
                        .traffic(Traffic.BENCHMARK)
                        .totalSpans(1)
                        .build();
        var run =
                new LoadRun(
                        config,
                        InstantSource.system(),
                        System::nanoTime,
                        progress -> {
                            if (progress.sent() > 0) {
                                told.countDown();
                            }
                        });
        var report = CompletableFuture.supplyAsync(() -> quietly(run), Thread::startVirtualThread);
        told.await();

        // When
        run.stop();

        // Then
        assertThat(report.get().failed()).isEqualTo(512);
        assertThat(Truth.read(truthFile()).acknowledgedSpans()).isZero();
    }

    private LoadConfig.Builder config(URI target, Protocol protocol) {
        return LoadConfig.builder(target)
                .protocol(protocol)
                .seed(7)
                .spansPerSecond(0)
                .truthFile(truthFile());
    }

    private Path truthFile() {
        return directory.resolve("truth");
    }

    private static LoadReport run(LoadConfig config) throws IOException, InterruptedException {
        return new LoadRun(config, InstantSource.system(), System::nanoTime, _ -> {}).run();
    }

    private static LoadReport quietly(LoadConfig config) {
        return quietly(new LoadRun(config, InstantSource.system(), System::nanoTime, _ -> {}));
    }

    private static LoadReport quietly(LoadRun run) {
        try {
            return run.run();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
