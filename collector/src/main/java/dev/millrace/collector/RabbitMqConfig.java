package dev.millrace.collector;

import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.List;

/// Which RabbitMQ queue is read. The defaults are those of Zipkin's collector.
///
/// @param addresses `host:port` or `host`, tried in their order
/// @param tls whether to connect with TLS, verifying the broker's certificate and name by the JVM's
///   trust store
/// @param concurrency how many connections read at the same time
/// @param window how many messages one connection may have read that are not acknowledged yet
/// @param connectionTimeout after how long without an answer the next address is tried
/// @param tenant whose the spans are
public record RabbitMqConfig(
        List<String> addresses,
        String virtualHost,
        String username,
        String password,
        boolean tls,
        String queue,
        int concurrency,
        int window,
        Duration connectionTimeout,
        Tenant tenant) {

    public static final RabbitMqConfig DEFAULT =
            new RabbitMqConfig(
                    List.of("localhost:5672"),
                    "/",
                    "guest",
                    "guest",
                    false,
                    "zipkin",
                    1,
                    64,
                    Duration.ofSeconds(60),
                    Tenant.DEFAULT);

    public RabbitMqConfig {
        addresses = List.copyOf(addresses);
        QueueRules.checkNoCredentials(
                addresses.stream().anyMatch(address -> address.contains("@")), "addresses");
        QueueRules.check(
                !addresses.isEmpty()
                        && addresses.stream()
                                .allMatch(address ->
                                        address.matches(
                                                "[^\\s:/]+(:\\d{1,5})?|\\[.+](:\\d{1,5})?")),
                "addresses",
                addresses,
                "host:port");
        QueueRules.check(!virtualHost.isEmpty(), "virtual-host", "\"\"", "a name");
        QueueRules.checkReading(queue, concurrency, window);
        QueueRules.check(
                connectionTimeout.toMillis() >= 1 && connectionTimeout.toMinutes() < 60,
                "connection-timeout",
                connectionTimeout,
                "1 ms to 1 h");
    }

    /// Leaves the credentials out.
    @Override
    public String toString() {
        return "RabbitMqConfig["
                + addresses
                + ", virtualHost="
                + virtualHost
                + ", tls="
                + tls
                + ", queue="
                + queue
                + ", concurrency="
                + concurrency
                + ", window="
                + window
                + ", connectionTimeout="
                + connectionTimeout
                + ", tenant="
                + tenant
                + "]";
    }
}
