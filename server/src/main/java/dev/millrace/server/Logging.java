package dev.millrace.server;

import static java.util.Map.entry;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import dev.millrace.server.config.MillraceConfig.LogConfig;
import dev.millrace.server.config.MillraceConfig.LogFormat;
import dev.millrace.server.config.MillraceConfig.LogLevel;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sets up log output, in code: reading logback's XML would cost a noticeable part of the start.
///
/// Logback finds this class by its service file, so that even a line logged before the
/// configuration is read comes out in our form.
public final class Logging extends ContextAwareBase implements Configurator {

    private static final LogConfig UNTIL_CONFIGURED = new LogConfig(LogLevel.INFO, LogFormat.TEXT);

    private static final String TEXT =
            "%date{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: %msg%replace( %kvp){'^ $', ''}%n";

    /// Libraries that say too much. Kafka dumps every client's configuration at INFO, and at WARN
    /// still reports two harmless things at each start and stop, one for every partition that was
    /// asked for its beginning before it was read, and that two were first to need a topic of its
    /// own. Armeria registers the same executor once for each of its servers, which the meter
    /// registry finds worth a warning.
    private static final Map<String, Level> QUIET =
            Map.ofEntries(
                    entry("com.linecorp.armeria", Level.WARN),
                    entry("io.micrometer.core.instrument.MeterRegistry", Level.ERROR),
                    entry("io.netty", Level.WARN),
                    entry("kafka", Level.WARN),
                    entry("kafka.server.DefaultAutoTopicCreationManager", Level.ERROR),
                    entry("org.apache.kafka", Level.WARN),
                    entry("org.apache.kafka.clients.NetworkClient", Level.ERROR),
                    entry(
                            "org.apache.kafka.clients.consumer.internals.OffsetFetcherUtils",
                            Level.ERROR),
                    entry("org.apache.kafka.controller.QuorumController", Level.ERROR),
                    // One process has nobody to keep a standby, and says so at each rebalance.
                    entry("org.apache.kafka.streams.processor.internals.assignment", Level.ERROR),
                    // Each marker of the topic spans, which has no key and nothing to be kept.
                    entry(
                            "org.apache.kafka.streams.processor.internals.StoreChangelogReader",
                            Level.ERROR),
                    // Advice that does not apply: there is no global store.
                    entry("org.apache.kafka.streams.StreamsConfig", Level.ERROR),
                    entry("org.apache.lucene", Level.WARN),
                    entry("state.change.logger", Level.WARN));

    /// Lucene advises an incubator module through the JDK's own logging; held, or the level is
    /// lost.
    private static final java.util.logging.Logger LUCENE_ADVICE =
            java.util.logging.Logger.getLogger(
                    "org.apache.lucene.internal.vectorization.VectorizationProvider");

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        apply(context, UNTIL_CONFIGURED);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /// Logs as configured from now on.
    static void apply(LogConfig config) {
        LUCENE_ADVICE.setLevel(java.util.logging.Level.SEVERE);
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            apply(context, config);
        }
    }

    private static void apply(LoggerContext context, LogConfig config) {
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setName("console");
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, config.format()));
        appender.start();

        var level = Level.toLevel(config.level().name());
        var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        root.setLevel(level);
        QUIET.forEach((name, quiet) ->
                context.getLogger(name)
                        .setLevel(
                                level.isGreaterOrEqual(quiet) || level == Level.TRACE
                                        ? level
                                        : quiet));
    }

    private static Encoder<ILoggingEvent> encoder(LoggerContext context, LogFormat format) {
        return switch (format) {
            case TEXT -> {
                var text = new PatternLayoutEncoder();
                text.setContext(context);
                text.setPattern(TEXT);
                text.start();
                yield text;
            }
            case JSON -> {
                var json = new JsonEncoder();
                json.setContext(context);
                json.setWithSequenceNumber(false);
                json.setWithContext(false);
                json.setWithMDC(false);
                json.setWithArguments(false);
                json.setWithFormattedMessage(false);
                json.start();
                yield json;
            }
        };
    }
}
