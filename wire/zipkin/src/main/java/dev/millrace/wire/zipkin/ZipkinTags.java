package dev.millrace.wire.zipkin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Span;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.wire.zipkin.ZipkinSpan.Endpoint;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What becomes of a span's attributes, status, links, scope and resource in Zipkin: tags,
/// endpoints, flags and times in microseconds.
record ZipkinTags(
        String kind,
        long timestamp,
        long duration,
        Endpoint local,
        Endpoint remote,
        Map<String, String> tags,
        boolean debug,
        boolean shared) {

    private static final JsonFactory JSON = new JsonFactory();
    private static final int MAX_PORT = 0xffff;

    // Ranked as OpenTelemetry does; an address has its port beside it.
    private static final List<String> REMOTE_NAMES =
            List.of(
                    "server.address",
                    "net.peer.name",
                    "network.peer.address",
                    "server.socket.domain",
                    "server.socket.address",
                    "net.sock.peer.name",
                    "net.sock.peer.addr",
                    "peer.hostname",
                    "peer.address",
                    "db.name");

    static ZipkinTags of(Span span) {
        var tags = new LinkedHashMap<String, String>();
        for (var attribute : span.resource().attributes()) {
            tags.put(attribute.key(), text(attribute.value()));
        }
        tags.remove("service.name");
        for (var attribute : span.attributes()) {
            tags.put(attribute.key(), text(attribute.value()));
        }
        boolean shared = "true".equals(tags.remove("zipkin.shared"));
        boolean debug = "true".equals(tags.remove("zipkin.debug"));
        boolean noStart = "true".equals(tags.remove("otel.zipkin.absentField.startTime"));
        var local = endpoint(tags, span.serviceName(), "net.host.ip", "net.host.port");
        var remote = remote(tags, span.kind());
        put(tags, "otel.scope.name", span.scope().name());
        put(tags, "otel.scope.version", span.scope().version());
        put(tags, "w3c.tracestate", span.traceState());
        if (span.kind() == SpanKind.INTERNAL) {
            tags.put("span.kind", "internal");
        }
        status(tags, span.status());
        links(tags, span);
        count(tags, "otel.dropped_attributes_count", span.droppedAttributes());
        count(tags, "otel.dropped_events_count", span.droppedEvents());
        count(tags, "otel.dropped_links_count", span.droppedLinks());
        return new ZipkinTags(
                kind(span.kind()),
                noStart ? 0 : micros(span.startNanos()),
                micros(Math.max(0, span.endNanos() - span.startNanos())),
                local,
                remote,
                tags,
                debug,
                shared);
    }

    static long micros(long nanos) {
        return Long.divideUnsigned(nanos, 1_000);
    }

    /// An event as the value of an annotation: its name, with its attributes as JSON if it has any.
    static String annotation(Event event) {
        if (event.droppedAttributes() > 0) {
            return event.name() + "|" + json(event.attributes()) + "|" + event.droppedAttributes();
        }
        return event.attributes().isEmpty()
                ? event.name()
                : "\"" + event.name() + "\":" + json(event.attributes());
    }

    private static String kind(SpanKind kind) {
        return switch (kind) {
            case CLIENT, SERVER, PRODUCER, CONSUMER -> kind.name();
            case INTERNAL, UNSPECIFIED -> "";
        };
    }

    private static void put(Map<String, String> tags, String key, String value) {
        if (!value.isEmpty()) {
            tags.put(key, value);
        }
    }

    private static void count(Map<String, String> tags, String key, int count) {
        if (count > 0) {
            tags.put(key, Integer.toString(count));
        }
    }

    private static Endpoint endpoint(
            Map<String, String> tags, String service, String ipKey, String portKey) {
        String ip = tags.getOrDefault(ipKey, "");
        if (isIp(ip)) {
            tags.remove(ipKey);
        } else {
            ip = "";
        }
        int port = (int) LinkText.count(tags.get(portKey));
        if (port > 0 && port <= MAX_PORT) {
            tags.remove(portKey);
        } else {
            port = 0;
        }
        return new Endpoint(service, ip, port);
    }

    private static Endpoint remote(Map<String, String> tags, SpanKind kind) {
        String service = tags.getOrDefault("peer.service", "");
        tags.remove("peer.service");
        if (service.isEmpty() && (kind == SpanKind.CLIENT || kind == SpanKind.PRODUCER)) {
            for (var name : REMOTE_NAMES) {
                if (service.isEmpty()) {
                    service = tags.getOrDefault(name, "");
                }
            }
        }
        return endpoint(tags, service, "net.peer.ip", "net.peer.port");
    }

    private static boolean isIp(String text) {
        if (text.isEmpty() || text.indexOf('%') >= 0) {
            return false;
        }
        try {
            // A mapped address is read as IPv4, and could not be written as IPv6 again.
            return (text.indexOf(':') >= 0)
                    == (InetAddress.ofLiteral(text) instanceof Inet6Address);
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private static void status(Map<String, String> tags, Status status) {
        switch (status.code()) {
            case OK -> tags.put("otel.status_code", "OK");
            case ERROR -> {
                tags.put("otel.status_code", "ERROR");
                tags.put("error", status.message());
            }
            case UNSET -> {}
        }
    }

    private static void links(Map<String, String> tags, Span span) {
        int number = 0;
        for (var link : span.links()) {
            tags.put(
                    "otlp.link." + number++,
                    link.traceId()
                            + "|"
                            + link.spanId()
                            + "|"
                            + link.traceState()
                            + "|"
                            + json(link.attributes())
                            + "|"
                            + link.droppedAttributes());
        }
    }

    private static String text(AttributeValue value) {
        return switch (value) {
            case AttributeValue.Text text -> text.value();
            case AttributeValue.Bool bool -> Boolean.toString(bool.value());
            case AttributeValue.Int number -> Long.toString(number.value());
            case AttributeValue.Real real -> Double.toString(real.value());
            case AttributeValue.Bytes bytes -> base64(bytes);
            case AttributeValue.Array array -> written(json -> value(json, array));
            case AttributeValue.Nested nested -> json(nested.attributes());
            case AttributeValue.Empty _ -> "";
        };
    }

    private static String base64(AttributeValue.Bytes bytes) {
        return Base64.getEncoder().encodeToString(bytes.value().toByteArray());
    }

    private static String json(Attributes attributes) {
        return written(json -> members(json, attributes));
    }

    private interface Body {
        void writeTo(JsonGenerator json) throws IOException;
    }

    private static String written(Body body) {
        var text = new StringWriter();
        try (var json = JSON.createGenerator(text)) {
            body.writeTo(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void members(JsonGenerator json, Attributes attributes) throws IOException {
        json.writeStartObject();
        for (var attribute : attributes) {
            json.writeFieldName(attribute.key());
            value(json, attribute.value());
        }
        json.writeEndObject();
    }

    private static void value(JsonGenerator json, AttributeValue value) throws IOException {
        switch (value) {
            case AttributeValue.Text text -> json.writeString(text.value());
            case AttributeValue.Bool bool -> json.writeBoolean(bool.value());
            case AttributeValue.Int number -> json.writeNumber(number.value());
            case AttributeValue.Real real -> json.writeNumber(real.value());
            case AttributeValue.Bytes bytes -> json.writeString(base64(bytes));
            case AttributeValue.Array array -> {
                json.writeStartArray();
                for (var element : array.values()) {
                    value(json, element);
                }
                json.writeEndArray();
            }
            case AttributeValue.Nested nested -> members(json, nested.attributes());
            case AttributeValue.Empty _ -> json.writeNull();
        }
    }
}
