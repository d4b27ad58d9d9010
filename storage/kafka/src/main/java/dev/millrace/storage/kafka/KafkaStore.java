package dev.millrace.storage.kafka;

import dev.millrace.access.Tls;
import dev.millrace.pipeline.KafkaClients;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What one process has of the store on Kafka: its share of the topics, the port on which the other
/// processes ask for it, and [#store()], which answers for all of them.
///
/// What is switched off costs nothing: no thread, no directory, no consumer group.
public final class KafkaStore implements AutoCloseable {

    private final @Nullable StreamsRun traces;
    private final @Nullable StreamsRun figures;
    private final PeerServer server;
    private final PeerClient client;
    private final KafkaTraceStore store;

    /// The traces that are held.
    ///
    /// @param placement where in the topic the records of a trace lie
    public record Traces(KafkaStoreConfig config, Placement placement) {}

    /// The figures of services that are held.
    ///
    /// @param config of their own application, over their topic
    /// @param format of its records
    public record Figures(KafkaStoreConfig config, DependencyFormat format) {}

    /// @param traces what is held of traces; null for none
    /// @param figures what is held of the figures of services; null for none
    /// @param here where the others reach this process
    /// @param tls the certificates that it shows them; null for plain text. Started, and the
    ///   caller's to close after this
    /// @param clock tells what is past its retention
    public KafkaStore(
            @Nullable Traces traces,
            @Nullable Figures figures,
            Peer here,
            PeerConfig peers,
            @Nullable Tls tls,
            KafkaClients clients,
            MeterRegistry registry,
            InstantSource clock) {
        var placement = traces == null ? Placement.BY_ID : traces.placement();
        this.traces =
                traces == null
                        ? null
                        : StreamsRun.ofTraces(traces.config(), clients, registry, clock);
        this.figures =
                figures == null
                        ? null
                        : StreamsRun.ofFigures(
                                figures.config(), figures.format(), clients, registry, clock);
        var ofTraces = topic(traces == null ? null : traces.config(), this.traces, placement);
        var ofFigures = topic(figures == null ? null : figures.config(), this.figures, placement);
        client = new PeerClient(peers);
        server = new PeerServer(peers, ofTraces, ofFigures, tls, registry);
        store = new KafkaTraceStore(ofTraces, ofFigures, here, peers, client, registry);
    }

    private static @Nullable PartitionedTopic topic(
            @Nullable KafkaStoreConfig config, @Nullable StreamsRun run, Placement placement) {
        return config == null || run == null
                ? null
                : new PartitionedTopic(config.source().topic(), run, placement);
    }

    /// Opens the port and begins to follow the topics; does not wait until all of them are read.
    ///
    /// @throws dev.millrace.pipeline.TopicsException when a topic is not there in time
    /// @throws IllegalArgumentException when a topic keeps its records for less time than the store
    /// @throws IllegalStateException when the port cannot be opened
    public void start() {
        if (holdsNothing()) {
            return;
        }
        server.start();
        runs().forEach(StreamsRun::start);
    }

    /// Whether there is nothing here that others could ask for.
    public boolean holdsNothing() {
        return runs().findAny().isEmpty();
    }

    /// Answers for all processes of the store; open as long as this is. Keeps figures as well.
    public KafkaTraceStore store() {
        return store;
    }

    /// Why what is held here cannot be asked at the moment; empty when it can.
    public Optional<String> trouble() {
        return runs().filter(run -> !run.ready()).map(run -> reason(run.state())).findFirst();
    }

    private static String reason(StreamsRun.State state) {
        return switch (state) {
            case StreamsRun.State.Starting _ -> "its share of the topics is being read";
            case StreamsRun.State.Failed(var reason) -> reason;
            case StreamsRun.State.Closed _ -> "it is closed";
            case StreamsRun.State.Running _, StreamsRun.State.Rebalancing _ -> "none";
        };
    }

    private Stream<StreamsRun> runs() {
        return Stream.of(Optional.ofNullable(traces), Optional.ofNullable(figures))
                .flatMap(Optional::stream);
    }

    /// Stops answering, and then following. Bounded in time; idempotent.
    @Override
    public void close() {
        try (client) {
            store.close();
            server.close();
        } finally {
            runs().forEach(StreamsRun::close);
        }
    }
}
