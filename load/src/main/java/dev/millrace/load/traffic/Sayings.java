package dev.millrace.load.traffic;

import dev.millrace.load.traffic.Operation.Entry;
import dev.millrace.load.traffic.Operation.Step;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// What the spans of one trace say in their attributes, by OpenTelemetry's semantic conventions.
///
/// One user with one device and one item in mind stands behind a trace. Not safe for threads.
final class Sayings {

    private static final List<String> AGENTS =
            List.of(
                    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Mobile/15E148",
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0.0.0 Safari/537.36",
                    "ShopApp/7.4.1 (Android 15; Pixel 9)");
    private static final List<String> COMPLAINTS =
            List.of(
                    "unexpected state: closed",
                    "connection pool exhausted",
                    "field 'amount' is missing",
                    "deadline exceeded after 2500 ms",
                    "optimistic lock failed, version 7 (expected: 6)",
                    "cannot read properties of undefined (reading 'price')");
    private static final List<String> CURRENCIES = List.of("EUR", "USD", "GBP", "CHF", "JPY");

    private final SplittableRandom random;
    private final long user;
    private final String item;
    private final String agent;
    private final String address;

    Sayings(SplittableRandom random) {
        this.random = random;
        this.user = random.nextInt(50_000);
        this.item = Integer.toString(random.nextInt(1, 100_000));
        this.agent = pick(AGENTS);
        this.address = "203.0." + (random.nextInt(113) + 1) + "." + (random.nextInt(254) + 1);
    }

    String complaint() {
        return pick(COMPLAINTS);
    }

    Words exception(Service service) {
        var platform = service.platform();
        return new Words()
                .put("exception.type", platform.exception)
                .put("exception.message", complaint())
                .put(
                        "exception.stacktrace",
                        platform.exception + platform.stack.replace("%s", service.name()));
    }

    /// The entry span of an operation.
    void server(Draft draft, Operation operation, boolean edge, int messages) {
        var words = draft.words;
        switch (operation.entry()) {
            case Entry.Http(String method, String route) -> {
                words.put("http.request.method", method)
                        .put("url.scheme", edge ? "https" : "http")
                        .put("url.path", path(route))
                        .put("http.route", route)
                        .put("server.address", edge ? "shop.example" : operation.service().name())
                        .put("network.protocol.version", edge ? "2" : "1.1");
                if (edge) {
                    words.put("user_agent.original", agent)
                            .put("client.address", address)
                            .put("user.id", "u-" + user)
                            .put("http.request.header.accept-language", List.of("de", "en"));
                }
            }
            case Entry.Rpc(String service, String method) -> rpc(words, service, method);
            case Entry.Message(String topic) -> {
                words.put("messaging.system", "kafka")
                        .put("messaging.destination.name", topic)
                        .put("messaging.operation.type", "process")
                        .put("messaging.consumer.group.name", operation.service().name())
                        .put("messaging.destination.partition.id", "" + random.nextInt(12));
                if (messages > 1) {
                    words.put("messaging.batch.message_count", messages);
                } else {
                    words.put("messaging.kafka.offset", random.nextLong(10_000_000));
                }
            }
            case Entry.Job(String name) -> words.put("job.name", name).put("job.full", true);
        }
    }

    /// How an entry span was answered.
    void answer(Draft draft, Operation operation, int status) {
        switch (operation.entry()) {
            case Entry.Http(String method, String _) -> {
                draft.words.put("http.response.status_code", status);
                if (method.equals("POST")) {
                    draft.words
                            .put("shop.amount", random.nextInt(1, 50_000) / 100.0)
                            .put("shop.currency", pick(CURRENCIES));
                }
            }
            case Entry.Rpc _ -> draft.words.put("rpc.grpc.status_code", grpcStatus(status));
            case Entry.Message _, Entry.Job _ -> {}
        }
    }

    /// The calling half of a call, which also gets its name here.
    void client(Draft draft, Operation target, int status, int retry) {
        var words = draft.words;
        String host = target.service().name() + ".shop.svc";
        switch (target.entry()) {
            case Entry.Http(String method, String route) -> {
                draft.name = method;
                words.put("http.request.method", method)
                        .put("url.full", "http://" + host + ":8080" + path(route))
                        .put("server.port", 8080)
                        .put("network.protocol.version", "1.1");
                if (status != 0) {
                    words.put("http.response.status_code", status);
                }
                if (retry > 0) {
                    words.put("http.request.resend_count", retry);
                }
            }
            case Entry.Rpc(String service, String method) -> {
                draft.name = service + "/" + method;
                rpc(words, service, method);
                words.put("server.port", 9090).put("rpc.grpc.status_code", grpcStatus(status));
            }
            case Entry.Message(String name) -> draft.name = name;
            case Entry.Job(String name) -> draft.name = name;
        }
        words.put("server.address", host).put("peer.service", target.service().name());
    }

    void query(Draft draft, Step.Query query) {
        var store = query.store();
        draft.words
                .put("db.system.name", store.system())
                .put("db.namespace", store.namespace())
                .put("db.operation.name", query.verb())
                .put("db.collection.name", query.collection())
                .put("db.query.text", text(query))
                .put("server.address", store.address())
                .put("server.port", store.port());
        if (query.verb().equals("SELECT") || query.verb().equals("find")) {
            draft.words.put("db.response.returned_rows", random.nextInt(40));
        }
    }

    void produce(Draft draft, String topic) {
        draft.words
                .put("messaging.system", "kafka")
                .put("messaging.destination.name", topic)
                .put("messaging.operation.type", "send")
                .put("messaging.destination.partition.id", "" + random.nextInt(12))
                .put("messaging.kafka.message.key", "u-" + user)
                .put("messaging.message.body.size", random.nextInt(120, 4_000))
                .put("server.address", "kafka.shop.svc");
    }

    private static void rpc(Words words, String service, String method) {
        words.put("rpc.system", "grpc").put("rpc.service", service).put("rpc.method", method);
    }

    private String text(Step.Query query) {
        return switch (query.store().system()) {
            case "postgresql", "mysql", "cassandra" ->
                    switch (query.verb()) {
                        case "SELECT" ->
                                "SELECT * FROM " + query.collection() + " WHERE id = ? LIMIT 50";
                        case "INSERT" ->
                                "INSERT INTO " + query.collection() + " VALUES (?, ?, ?, ?)";
                        case "UPDATE" ->
                                "UPDATE " + query.collection() + " SET state = ? WHERE id = ?";
                        default -> query.verb();
                    };
            case "redis" -> query.verb() + " " + query.collection() + ":" + user;
            case "mongodb" ->
                    "{\"" + query.verb() + "\": \"" + query.collection() + "\", \"filter\": \"?\"}";
            default -> query.verb().toLowerCase(Locale.ROOT) + " " + query.collection();
        };
    }

    private String path(String route) {
        return route.replace("{id}", item);
    }

    private static int grpcStatus(int status) {
        return switch (status) {
            case 200 -> 0;
            case 0, 504 -> 4;
            case 502, 503 -> 14;
            default -> 13;
        };
    }

    private String pick(List<String> values) {
        return values.get(random.nextInt(values.size()));
    }
}
