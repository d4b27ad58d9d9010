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

    private static final int MOST = 1_000;
    private static final Pattern CREDENTIALS =
            Pattern.compile("//[^/,()?]*@|[?&](jms\\.)?(userName|password)=|keyStorePassword");
    private static final Pattern ADDRESS = Pattern.compile("[a-z+]+://([^,()?/]+)");

    public static final ActiveMqConfig DEFAULT =
            new ActiveMqConfig("tcp://localhost:61616", "", "", "zipkin", 1, 64, Tenant.DEFAULT);

    public ActiveMqConfig {
        // Not shown when it may hold a secret.
        check(
                !CREDENTIALS.matcher(url).find(),
                "url",
                "with credentials",
                "none in it; username and password are keys of their own");
        check(ADDRESS.matcher(url).find(), "url", "\"" + url + "\"", "tcp://host:port or the like");
        check(!queue.isBlank(), "queue", "\"" + queue + "\"", "a name");
        check(concurrency >= 1 && concurrency <= MOST, "concurrency", concurrency, "1 to " + MOST);
        check(window >= 1 && window <= MOST, "window", window, "1 to " + MOST);
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

    private static void check(boolean valid, String key, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(
                    key + ": " + value + " (expected: " + expected + ")");
        }
    }
}
