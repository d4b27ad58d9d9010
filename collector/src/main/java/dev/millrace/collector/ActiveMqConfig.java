package dev.millrace.collector;

import dev.millrace.model.Tenant;
import java.util.List;
import java.util.regex.Pattern;

/// Which ActiveMQ queue is read. The defaults are those of Zipkin's collector.
///
/// @param url `tcp://host:61616`, `ssl://host:61617` for TLS, or `failover:(...)` around several,
///   with ActiveMQ's own options; without credentials
/// @param username empty for none
/// @param password empty for none
/// @param concurrency how many connections read at the same time
/// @param window how many messages one connection may have read that are not acknowledged yet
/// @param tenant whose the spans are
public record ActiveMqConfig(
        String url,
        String username,
        String password,
        String queue,
        int concurrency,
        int window,
        Tenant tenant) {

    private static final Pattern CREDENTIALS =
            Pattern.compile("//[^/,()?]*@|[?&](jms\\.)?(userName|password)=|keyStorePassword");
    private static final Pattern ADDRESS = Pattern.compile("[a-z+]+://([^,()?/]+)");

    public static final ActiveMqConfig DEFAULT =
            new ActiveMqConfig("tcp://localhost:61616", "", "", "zipkin", 1, 64, Tenant.DEFAULT);

    public ActiveMqConfig {
        QueueRules.checkNoCredentials(CREDENTIALS.matcher(url).find(), "url");
        QueueRules.check(
                ADDRESS.matcher(url).find(),
                "url",
                "\"" + url + "\"",
                "tcp://host:port or the like");
        QueueRules.checkReading(queue, concurrency, window);
    }

    /// Hosts and ports only.
    List<String> addresses() {
        return ADDRESS.matcher(url).results().map(found -> found.group(1)).toList();
    }

    /// Leaves the credentials out.
    @Override
    public String toString() {
        return "ActiveMqConfig["
                + addresses()
                + ", queue="
                + queue
                + ", concurrency="
                + concurrency
                + ", window="
                + window
                + ", tenant="
                + tenant
                + "]";
    }
}
