package dev.millrace.server;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServerBuilder;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// Answers `/live` (the process runs), `/ready` (it serves and no part is down) and `/status` (what
/// every part says). All three answer with the same JSON; the first two also by status code.
final class HealthService {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Health health;
    private final Supplier<Map<String, String>> addresses;

    HealthService(Health health, Supplier<Map<String, String>> addresses) {
        this.health = health;
        this.addresses = addresses;
    }

    void addTo(ServerBuilder server) {
        server.service("/live", service(_ -> HttpStatus.OK))
                .service("/ready", service(HealthService::byReadiness))
                .service("/status", service(_ -> HttpStatus.OK))
                .service("/", service(HealthService::byReadiness));
    }

    private static HttpStatus byReadiness(boolean ready) {
        return ready ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE;
    }

    private interface StatusOf {
        HttpStatus apply(boolean ready);
    }

    private HttpService service(StatusOf status) {
        return (context, _) ->
                HttpResponse.of(
                        CompletableFuture.supplyAsync(
                                () -> answer(status), context.blockingTaskExecutor()));
    }

    private HttpResponse answer(StatusOf status) {
        var parts = health.parts();
        boolean ready = health.isReady(parts);
        return HttpResponse.of(
                status.apply(ready), MediaType.JSON_UTF_8, body(ready, parts).toPrettyString());
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
        body.set("addresses", JSON.valueToTree(addresses.get()));
        return body;
    }
}
