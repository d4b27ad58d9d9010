package dev.millrace.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.server.OperatorServer.Answer;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Answers `/live` (the process runs), `/ready` (it serves and no part is down; 503 otherwise) and
/// `/status` (what every part says). All three answer with the same JSON.
public final class HealthService {

    /// What can be asked for.
    public static final Set<String> PATHS = Set.of("/live", "/ready", "/status", "/");

    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;

    private final Health health;
    private final Supplier<Map<String, String>> addresses;

    HealthService(Health health, Supplier<Map<String, String>> addresses) {
        this.health = health;
        this.addresses = addresses;
    }

    Map<String, Function<String, Answer>> pages() {
        return PATHS.stream()
                .collect(
                        Collectors.toUnmodifiableMap(
                                Function.identity(), path -> _ -> answer(whenNotReady(path))));
    }

    private static int whenNotReady(String path) {
        return path.equals("/live") || path.equals("/status") ? OK : UNAVAILABLE;
    }

    private Answer answer(int whenNotReady) {
        var parts = health.parts();
        boolean ready = health.isReady(parts);
        return new Answer(
                ready ? OK : whenNotReady,
                "application/json; charset=utf-8",
                body(ready, parts).toPrettyString() + "\n");
    }

    private ObjectNode body(boolean ready, Map<String, PartState> parts) {
        var body = new ObjectNode(JsonNodeFactory.instance);
        body.put("version", Version.text());
        body.put("phase", health.phase().word());
        body.put("ready", ready);
        var list = body.putArray("parts");
        parts.forEach((name, state) -> {
            var part = list.addObject().put("name", name);
            switch (state) {
                case PartState.Up _ -> part.put("state", "up");
                case PartState.Down down -> part.put("state", "down").put("reason", down.reason());
            }
        });
        var reachable = body.putObject("addresses");
        addresses.get().forEach(reachable::put);
        return body;
    }
}
