package dev.millrace.server;

import dev.millrace.collector.ActiveMqSource;
import dev.millrace.collector.DeadLetterBox;
import dev.millrace.collector.KafkaDeadLetterBox;
import dev.millrace.collector.KafkaSource;
import dev.millrace.collector.RabbitMqSource;
import dev.millrace.collector.SpanIntake;
import dev.millrace.pipeline.KafkaClients;
import dev.millrace.pipeline.KafkaConfig;
import dev.millrace.server.config.MillraceConfig;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The topics and queues of others that the collector reads, opened.
final class Sources {

    private final Parts parts;
    private final MillraceConfig config;
    private final @Nullable KafkaConfig ours;
    private final SpanIntake intake;
    private final InstantSource clock;
    private @Nullable DeadLetterBox deadLetters;

    private Sources(
            Parts parts,
            MillraceConfig config,
            @Nullable KafkaConfig ours,
            SpanIntake intake,
            InstantSource clock) {
        this.parts = parts;
        this.config = config;
        this.ours = ours;
        this.intake = intake;
        this.clock = clock;
    }

    /// @param ours our own cluster; null in direct mode
    static void open(
            Parts parts,
            MillraceConfig config,
            @Nullable KafkaConfig ours,
            SpanIntake intake,
            InstantSource clock) {
        var sources = new Sources(parts, config, ours, intake, clock);
        sources.kafka();
        sources.queues();
    }

    private void kafka() {
        var topics = PipelineConfigs.topics(config);
        for (var wanted : SourceConfigs.kafkaSources(config)) {
            var source =
                    new KafkaSource(wanted, ours, topics, intake, deadLetters(), parts.meters());
            push("topics in " + wanted.name(), source, source::healthy).start();
            parts.push(
                            "lag of " + wanted.group(),
                            source.lag(Roles.LAG_EVERY, clock, parts.meters()))
                    .start();
        }
    }

    private void queues() {
        SourceConfigs.activeMq(config)
                .ifPresent(queue -> {
                    var source = new ActiveMqSource(queue, intake, deadLetters(), parts.meters());
                    push("activemq", source, source::healthy).start();
                });
        SourceConfigs.rabbitMq(config)
                .ifPresent(queue -> {
                    var source = new RabbitMqSource(queue, intake, deadLetters(), parts.meters());
                    push("rabbitmq", source, source::healthy).start();
                });
    }

    private <T extends AutoCloseable> T push(String name, T source, BooleanSupplier healthy) {
        return parts.push(
                name,
                source,
                () ->
                        healthy.getAsBoolean()
                                ? PartState.up()
                                : PartState.down("it cannot read what it should"));
    }

    private DeadLetterBox deadLetters() {
        var opened = deadLetters;
        if (opened == null) {
            opened = deadLetters = openDeadLetters();
        }
        return opened;
    }

    private DeadLetterBox openDeadLetters() {
        if (ours == null) {
            return DeadLetterBox.logging(parts.meters());
        }
        var topics = PipelineConfigs.topics(config);
        var box = new KafkaDeadLetterBox(new KafkaClients(ours), topics, parts.meters());
        parts.push("dead letters of sources", box).start();
        return box;
    }
}
