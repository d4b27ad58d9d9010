package dev.millrace.collector;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Address;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import dev.millrace.model.Slice;
import dev.millrace.pipeline.format.SourceEncoding;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.security.KeyManagementException;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// Takes in the spans that Zipkin's senders put on a RabbitMQ queue.
///
/// A message is acknowledged once its spans are, or once it is a dead letter. What was read and not
/// acknowledged goes back to the queue when the connection ends. The queue is made, durable, when
/// it is not there.
public final class RabbitMqSource implements AutoCloseable {

    private static final Duration HEARTBEAT = Duration.ofSeconds(30);
    private static final Duration REPLY_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

    private final QueueSource source;

    /// @param deadLetters stays the caller's to close, after this
    public RabbitMqSource(
            RabbitMqConfig config,
            SpanIntake intake,
            DeadLetterBox deadLetters,
            MeterRegistry registry) {
        source =
                new QueueSource(
                        Transport.RABBITMQ,
                        config.queue(),
                        config.concurrency(),
                        () -> Connection.open(config),
                        new QueueReader.Settings(
                                intake,
                                deadLetters,
                                SourceEncoding.ZIPKIN,
                                config.tenant(),
                                config.window()),
                        new SourceMetrics(registry, Transport.RABBITMQ, config.queue()));
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

    /// One connection with one channel and one consumer.
    private static final class Connection implements QueueConnection {

        private final com.rabbitmq.client.Connection connection;
        private final Channel channel;
        // Holds no more than the window: the broker sends no more before it is acknowledged.
        private final BlockingQueue<QueueMessage> delivered = new LinkedBlockingQueue<>();
        private volatile @Nullable String lost;

        private Connection(com.rabbitmq.client.Connection connection, Channel channel) {
            this.connection = connection;
            this.channel = channel;
        }

        static Connection open(RabbitMqConfig config) throws IOException {
            var addresses = config.addresses().stream().map(Address::parseAddress).toList();
            com.rabbitmq.client.Connection connection;
            try {
                connection = factory(config).newConnection(addresses, "millrace");
            } catch (TimeoutException e) {
                throw new IOException("no answer in time", e);
            }
            try {
                makeQueue(connection, config.queue());
                var opened = new Connection(connection, connection.createChannel());
                opened.consume(config);
                return opened;
            } catch (IOException | RuntimeException e) {
                connection.abort(Math.toIntExact(CLOSE_TIMEOUT.toMillis()));
                throw e;
            }
        }

        private static ConnectionFactory factory(RabbitMqConfig config) throws IOException {
            var factory = new ConnectionFactory();
            int timeout = Math.toIntExact(config.connectionTimeout().toMillis());
            factory.setConnectionTimeout(timeout);
            factory.setHandshakeTimeout(timeout);
            factory.setChannelRpcTimeout(Math.toIntExact(REPLY_TIMEOUT.toMillis()));
            factory.setShutdownTimeout(Math.toIntExact(CLOSE_TIMEOUT.toMillis()));
            factory.setRequestedHeartbeat(Math.toIntExact(HEARTBEAT.toSeconds()));
            factory.setVirtualHost(config.virtualHost());
            factory.setUsername(config.username());
            factory.setPassword(config.password());
            // A new connection is made here, so that nothing of the old one is acknowledged on it.
            factory.setAutomaticRecoveryEnabled(false);
            factory.setTopologyRecoveryEnabled(false);
            if (config.tls()) {
                try {
                    var context = SSLContext.getInstance("TLS");
                    context.init(null, null, null);
                    factory.useSslProtocol(context);
                    factory.enableHostnameVerification();
                } catch (NoSuchAlgorithmException | KeyManagementException e) {
                    throw new IOException("TLS", e);
                }
            }
            return factory;
        }

        // To ask closes the channel when the answer is no.
        private static void makeQueue(com.rabbitmq.client.Connection connection, String queue)
                throws IOException {
            var asking = connection.createChannel();
            try {
                asking.queueDeclarePassive(queue);
            } catch (IOException e) {
                if (!connection.isOpen()) {
                    throw e;
                }
                asking = connection.createChannel();
                asking.queueDeclare(queue, true, false, false, null);
            }
            asking.abort();
        }

        private void consume(RabbitMqConfig config) throws IOException {
            channel.basicQos(config.window());
            channel.basicConsume(
                    config.queue(),
                    false,
                    new DefaultConsumer(channel) {
                        @Override
                        public void handleDelivery(
                                String tag,
                                Envelope envelope,
                                AMQP.BasicProperties properties,
                                byte[] body) {
                            @Nullable String id = properties.getMessageId();
                            delivered.add(
                                    new QueueMessage(
                                            Slice.of(body),
                                            id == null ? "" : id,
                                            envelope.getDeliveryTag()));
                        }

                        @Override
                        public void handleCancel(String tag) {
                            lost = "the queue is gone";
                        }

                        @Override
                        public void handleShutdownSignal(
                                String tag, ShutdownSignalException signal) {
                            lost = String.valueOf(signal.getMessage());
                        }
                    });
        }

        @Override
        public @Nullable QueueMessage next(Duration wait) throws IOException, InterruptedException {
            checkAlive();
            var message = delivered.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
            // What was delivered by a dead connection comes again.
            checkAlive();
            return message;
        }

        private void checkAlive() throws IOException {
            String reason = lost;
            if (reason != null) {
                throw new IOException("connection lost: " + reason);
            }
        }

        @Override
        public void acknowledge(QueueMessage message) throws IOException {
            try {
                channel.basicAck((Long) message.receipt(), false);
            } catch (AlreadyClosedException e) {
                throw new IOException("connection lost: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            connection.abort(Math.toIntExact(CLOSE_TIMEOUT.toMillis()));
        }
    }
}
