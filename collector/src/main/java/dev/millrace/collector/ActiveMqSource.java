package dev.millrace.collector;

import dev.millrace.model.Slice;
import dev.millrace.pipeline.format.SourceEncoding;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.jms.BytesMessage;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.TextMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.RedeliveryPolicy;
import org.jspecify.annotations.Nullable;

/// Takes in the spans that Zipkin's senders put on an ActiveMQ queue.
///
/// A message is acknowledged once its spans are, or once it is a dead letter. What was read and not
/// acknowledged goes back to the queue when the connection ends.
public final class ActiveMqSource implements AutoCloseable {

    private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

    private final QueueSource source;

    /// @param deadLetters stays the caller's to close, after this
    public ActiveMqSource(
            ActiveMqConfig config,
            SpanIntake intake,
            DeadLetterBox deadLetters,
            MeterRegistry registry) {
        source =
                new QueueSource(
                        Transport.ACTIVEMQ,
                        config.queue(),
                        config.concurrency(),
                        () -> Connection.open(config),
                        new QueueReader.Settings(
                                intake,
                                deadLetters,
                                SourceEncoding.ZIPKIN,
                                config.tenant(),
                                config.window()),
                        new SourceMetrics(registry, Transport.ACTIVEMQ, config.queue()));
    }

    /// Connects and reads in threads of its own; the broker need not be there yet.
    public void start() {
        source.start();
    }

    /// Whether all of its connections are open.
    public boolean healthy() {
        return source.healthy();
    }

    @Override
    public void close() {
        source.close();
    }

    /// One connection with one session and one consumer.
    private record Connection(ActiveMQConnection connection, MessageConsumer consumer)
            implements QueueConnection {

        static Connection open(ActiveMqConfig config) throws IOException {
            try {
                var connection = (ActiveMQConnection) factory(config).createConnection();
                try {
                    connection.start();
                    var session =
                            connection.createSession(false, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
                    return new Connection(
                            connection,
                            session.createConsumer(session.createQueue(config.queue())));
                } catch (JMSException | RuntimeException e) {
                    end(connection);
                    throw e;
                }
            } catch (JMSException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        private static ActiveMQConnectionFactory factory(ActiveMqConfig config) {
            var factory = new ActiveMQConnectionFactory(config.url());
            if (!config.username().isEmpty()) {
                factory.setUserName(config.username());
                factory.setPassword(config.password());
            }
            factory.setConnectResponseTimeout(Math.toIntExact(REPLY_TIMEOUT.toMillis()));
            factory.setCloseTimeout(Math.toIntExact(CLOSE_TIMEOUT.toMillis()));
            factory.setWatchTopicAdvisories(false);
            factory.getPrefetchPolicy().setQueuePrefetch(config.window());
            // After a transport's own reconnect, messages come again that it would take for
            // duplicates and send to the broker's dead letters.
            factory.setCheckForDuplicates(false);
            // Neither may a message end there because we were restarted too often.
            factory.getRedeliveryPolicy()
                    .setMaximumRedeliveries(RedeliveryPolicy.NO_MAXIMUM_REDELIVERIES);
            return factory;
        }

        @Override
        public @Nullable QueueMessage next(Duration wait) throws IOException {
            try {
                @Nullable Message message = consumer.receive(wait.toMillis());
                if (message != null) {
                    return new QueueMessage(body(message), id(message), message);
                }
                var failure = connection.getFirstFailureError();
                if (failure != null || connection.isClosed() || connection.isTransportFailed()) {
                    throw new IOException("connection lost", failure);
                }
                return null;
            } catch (JMSException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        private static @Nullable Slice body(Message message) throws JMSException {
            return switch (message) {
                case BytesMessage bytes -> {
                    byte[] body = new byte[Math.toIntExact(bytes.getBodyLength())];
                    bytes.readBytes(body);
                    yield Slice.of(body);
                }
                case TextMessage text -> {
                    @Nullable String body = text.getText();
                    yield body == null
                            ? Slice.EMPTY
                            : Slice.of(body.getBytes(StandardCharsets.UTF_8));
                }
                default -> null;
            };
        }

        private static String id(Message message) throws JMSException {
            @Nullable String id = message.getJMSMessageID();
            return id == null ? "" : id;
        }

        @Override
        public void acknowledge(QueueMessage message) throws IOException {
            try {
                ((Message) message.receipt()).acknowledge();
            } catch (JMSException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            end(connection);
        }

        private static void end(ActiveMQConnection connection) {
            try {
                connection.close();
            } catch (JMSException _) {
                // It is of no use any more, either way.
            }
        }
    }
}
