package dev.millrace.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.millrace.access.AccessConfig;
import dev.millrace.access.ClientTls;
import dev.millrace.access.ClientTlsConfig;
import dev.millrace.access.TlsConfig;
import dev.millrace.agent.spool.Packing;
import dev.millrace.agent.spool.SpoolLimits;
import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.pipeline.SinkException;
import dev.millrace.sampling.SamplingStrategy;
import dev.millrace.testkit.Certificates;
import dev.millrace.wire.otlp.TraceChunk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// An agent before real collectors, in one process.
final class AgentForwardingTest {

    private static final List<CompletableFuture<Void>> CLOSING = new CopyOnWriteArrayList<>();

    @TempDir private Path directory;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Upstairs> collectors = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (var part : open.reversed()) {
            part.close();
        }
        collectors.forEach(AgentForwardingTest::closeSoon);
    }

    // A server takes two seconds to let go of its threads, and of its ports none.
    @AfterAll
    static void awaitCollectors() {
        CompletableFuture.allOf(CLOSING.toArray(CompletableFuture<?>[]::new)).join();
    }

    private static void closeSoon(Upstairs collector) {
        CLOSING.add(CompletableFuture.runAsync(collector::close, Thread::startVirtualThread));
    }

    private Upstairs collector(Upstairs started) {
        collectors.add(started);
        return started;
    }

    private <T extends AutoCloseable> T opened(T part) {
        open.add(part);
        return part;
    }

    private AgentConfig config(Packing packing, boolean tls, int... ports) {
        var collectors = new ArrayList<Address>();
        for (int port : ports) {
            collectors.add(new Address("127.0.0.1", port));
        }
        return new AgentConfig(
                collectors,
                tls,
                "",
                AccessConfig.OPEN.tenantHeader(),
                Map.of("k8s.node.name", "node-7"),
                packing,
                new AgentConfig.Batch(ByteSize.parse("64KiB"), Duration.ofMillis(5)),
                ByteSize.ofMebibytes(4),
                4,
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                new ByteSize(0),
                new AgentConfig.Disk(
                        directory, new SpoolLimits(ByteSize.ofMebibytes(8), Duration.ofHours(1))));
    }

    private Agent agent(AgentConfig config, @Nullable ClientTls tls) {
        var agent = opened(new Agent(config, tls, InstantSource.system(), meters));
        agent.start();
        return agent;
    }

    private Agent agent(int... ports) {
        return agent(config(Packing.ZSTD, false, ports), null);
    }

    private static CompletableFuture<Void> send(Agent agent, Tenant tenant, long number) {
        var body = Slice.of(Traces.of("shop", number).toByteArray());
        return agent.accept(tenant, List.of(new TraceChunk(new TraceId(0, number), body, 1)));
    }

    private static void take(Agent agent, long number) throws Exception {
        send(agent, Tenant.DEFAULT, number).get(10, TimeUnit.SECONDS);
    }

    private double count(String name, String... tags) {
        return meters.get(name).tags(tags).counter().count();
    }

    @ParameterizedTest
    @EnumSource(Packing.class)
    void spansArriveWithTheAttributesOfTheirNode(Packing packing) throws Exception {
        // Given
        var collector = collector(new Upstairs());
        var agent = agent(config(packing, false, collector.port()), null);

        // When
        take(agent, 1);

        // Then
        var span = collector.spans().getFirst();
        assertThat(span.name()).isEqualTo("span 1");
        assertThat(span.serviceName()).isEqualTo("shop");
        assertThat(span.resource().attributes().find("k8s.node.name"))
                .contains(new AttributeValue.Text("node-7"));
    }

    @Test
    void tenantsStayApart() throws Exception {
        // Given
        var collector = collector(new Upstairs(0, null, true));
        var agent = agent(collector.port());
        var other = new Tenant("other");

        // When
        CompletableFuture.allOf(send(agent, other, 1), send(agent, Tenant.DEFAULT, 2))
                .get(10, TimeUnit.SECONDS);

        // Then
        assertThat(collector.tenants()).containsExactlyInAnyOrder(other, Tenant.DEFAULT);
    }

    @Test
    void aTenantAheadOfItsRateDoesNotHoldOthersBack() throws Exception {
        // Given
        var loud = new Tenant("loud");
        var rates = new Rates(Rate.UNLIMITED, Map.of(loud, new Rate(new ByteSize(0), 1)));
        var collector = collector(new Upstairs(0, null, true, rates));
        var agent = agent(collector.port());

        // When
        var refused =
                catchThrowableOfType(
                        ExecutionException.class,
                        () -> {
                            for (int number = 1; number < 10; number++) {
                                send(agent, loud, number).get(10, TimeUnit.SECONDS);
                            }
                        });
        take(agent, 10);

        // Then
        assertThat(refused)
                .hasCauseInstanceOf(SinkException.class)
                .hasMessageContaining("tenant loud: ahead of its rate at the collectors");
        assertThat(collector.names()).contains("span 10");
        assertThat(count("millrace.agent.spans.spooled")).isZero();
        assertThat(count("millrace.agent.sends", "outcome", "over-rate")).isEqualTo(1);
    }

    @Test
    void allCollectorsShareTheWorkAndOneThatIsGoneIsNotMissed() throws Exception {
        // Given
        var one = collector(new Upstairs());
        var two = collector(new Upstairs());
        var agent = agent(one.port(), two.port());
        for (long i = 1; i <= 10; i++) {
            take(agent, i);
        }
        assertThat(one.spans()).isNotEmpty();
        assertThat(two.spans()).isNotEmpty();

        // When
        closeSoon(two);
        for (long i = 11; i <= 20; i++) {
            take(agent, i);
        }

        // Then
        var names = new ArrayList<>(one.names());
        names.addAll(two.names());
        assertThat(names).hasSize(20).doesNotHaveDuplicates();
        assertThat(count("millrace.agent.spans.spooled")).isZero();
    }

    @Test
    void spansOfAnOutageAreOnDiskAndFollow() throws Exception {
        // Given
        var collector = collector(new Upstairs());
        var agent = agent(collector.port());
        take(agent, 1);
        collector.busy(true);

        // When: each of these is acknowledged, though nobody takes them
        for (long i = 2; i <= 30; i++) {
            take(agent, i);
        }
        assertThat(count("millrace.agent.spans.spooled")).isPositive();
        collector.busy(false);

        // Then
        var expected = LongStream.rangeClosed(1, 30).mapToObj(i -> "span " + i).toList();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(collector.names()).hasSize(30));
        assertThat(collector.names()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void anotherAgentFindsWhatTheFirstHasLeftOnDisk() throws Exception {
        // Given: nobody listens yet
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        var first = agent(port);
        for (long i = 1; i <= 5; i++) {
            take(first, i);
        }
        first.close();

        // When
        var collector = collector(new Upstairs(port, null, false));
        agent(collector.port());

        // Then
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() ->
                        assertThat(collector.names())
                                .containsExactly("span 1", "span 2", "span 3", "span 4", "span 5"));
    }

    @Test
    void spansAreRefusedToBeSentAgainOnceTheAgentCloses() {
        // Given
        var agent = agent(1);

        // When
        agent.close();

        // Then
        assertThatThrownBy(() -> take(agent, 1)).hasMessageContaining("the agent is closing");
    }

    @Test
    void mutualTlsIsSpokenAndStrangersAreNotTrusted() throws Exception {
        // Given
        var ours = new Certificates(Files.createDirectory(directory.resolve("ours")));
        var server = ours.server();
        var client = ours.client("agent");
        var collector =
                collector(
                        new Upstairs(
                                0,
                                TlsConfig.mutual(
                                        server.certificate(),
                                        server.key(),
                                        List.of(ours.authorityFile())),
                                false));
        var config = config(Packing.ZSTD, true, collector.port());

        // When
        var agent = agent(config, tls(ours.authorityFile(), client.certificate(), client.key()));
        take(agent, 1);

        // Then
        assertThat(collector.names()).containsExactly("span 1");
        agent.close();

        // When: somebody without a certificate
        var stranger = agent(config, tls(ours.authorityFile(), null, null));
        take(stranger, 2);

        // Then
        assertThat(collector.names()).containsExactly("span 1");
        assertThat(count("millrace.agent.spans.spooled")).isEqualTo(1);
    }

    private ClientTls tls(Path authorities, @Nullable Path certificate, @Nullable Path key) {
        var watcher = opened(Executors.newSingleThreadScheduledExecutor());
        var tls =
                opened(
                        new ClientTls(
                                "collectors",
                                new ClientTlsConfig(
                                        authorities, certificate, key, Duration.ofSeconds(10)),
                                watcher,
                                meters));
        tls.start();
        return tls;
    }

    @Test
    void strategiesAreThoseOfTheCollectorAlsoWhenItIsGone() throws Exception {
        // Given
        var told =
                new SamplingStrategy.PerOperation(
                        0.25, 0.5, List.of(new SamplingStrategy.Operation("GET /", 0.125)));
        var collector = collector(new Upstairs());
        collector.tell(told);
        var upstreams = new Upstreams(new Random(1));
        upstreams.replace(
                List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), collector.port())),
                System.nanoTime());
        var client =
                opened(new CollectorClient(config(Packing.ZSTD, false, collector.port()), null));
        var skipped = new AtomicLong();
        var strategies =
                new ProxiedStrategies(
                        upstreams,
                        client,
                        new AgentMetrics(meters),
                        () -> System.nanoTime() + skipped.get());
        assertThat(strategies.strategy("shop").get(10, TimeUnit.SECONDS)).isEqualTo(told);
        assertThat(strategies.strategy("shop").get(10, TimeUnit.SECONDS)).isEqualTo(told);

        // When
        collector.close();
        skipped.set(ProxiedStrategies.FRESH.toNanos());

        // Then
        assertThat(strategies.strategy("shop").get(10, TimeUnit.SECONDS)).isEqualTo(told);
        assertThat(count("millrace.agent.strategies", "source", "asked")).isEqualTo(1);
        assertThat(count("millrace.agent.strategies", "source", "cached")).isEqualTo(1);
        assertThat(count("millrace.agent.strategies", "source", "stale")).isEqualTo(1);
        assertThatThrownBy(() -> strategies.strategy("other").get(10, TimeUnit.SECONDS))
                .hasMessageContaining("no collector says what to sample");
    }
}
