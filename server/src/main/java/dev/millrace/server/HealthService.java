package dev.millrace.server;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.server.OperatorServer.Answer;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
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

    // Without the tree of databind, which an agent would load for this alone.
    private static final JsonFactory JSON = new JsonFactory();

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
                body(ready, parts) + "\n");
    }

    private String body(boolean ready, Map<String, PartState> parts) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text).useDefaultPrettyPrinter()) {
            json.writeStartObject();
            json.writeStringField("version", Version.text());
            json.writeStringField("phase", health.phase().word());
            json.writeBooleanField("ready", ready);
            json.writeArrayFieldStart("parts");
            for (var part : parts.entrySet()) {
                write(json, part.getKey(), part.getValue());
            }
            json.writeEndArray();
            json.writeObjectFieldStart("addresses");
            for (var address : addresses.get().entrySet()) {
                json.writeStringField(address.getKey(), address.getValue());
            }
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, String part, PartState state) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", part);
        switch (state) {
            case PartState.Up _ -> json.writeStringField("state", "up");
            case PartState.Down down -> {
                json.writeStringField("state", "down");
                json.writeStringField("reason", down.reason());
            }
        }
        json.writeEndObject();
    }
}
