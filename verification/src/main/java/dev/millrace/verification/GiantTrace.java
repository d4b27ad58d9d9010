package dev.millrace.verification;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Resource;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// One trace of as many spans as wanted, sent piece by piece over OTLP/HTTP.
///
/// @param spans how many
record GiantTrace(TraceId traceId, int spans) {

    private static final int PIECE = 1_000;
    private static final int SERVICES = 5;

    /// Every span but the root hangs under one of a tenth of its number.
    private static final int CHILDREN = 10;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /// Sends all of it, as fast as it is taken.
    void send(HttpClient http, URI otlpHttp, InstantSource clock)
            throws IOException, InterruptedException {
        for (int from = 1; from <= spans; from += PIECE) {
            var body = OtlpEncoder.encode(piece(from, Math.min(spans + 1, from + PIECE), clock));
            send(
                    http,
                    HttpRequest.newBuilder(otlpHttp.resolve("/v1/traces"))
                            .header("Content-Type", "application/x-protobuf")
                            .timeout(Duration.ofSeconds(30))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
                            .build());
        }
    }

    private static void send(HttpClient http, HttpRequest request)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var answer = http.send(request, BodyHandlers.ofString());
            if (answer.statusCode() == 200) {
                return;
            }
            boolean later = answer.statusCode() == 429 || answer.statusCode() == 503;
            if (!later || System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(
                        "answer: " + answer.statusCode() + " (expected: 200): " + answer.body());
            }
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
        }
    }

    /// The spans from one number to before another, counted from 1.
    List<Span> piece(int from, int to, InstantSource clock) {
        long end = clock.millis() * 1_000_000;
        List<Span> piece = new ArrayList<>(to - from);
        for (int number = from; number < to; number++) {
            piece.add(
                    Span.builder(traceId, new SpanId(number))
                            .parentSpanId(
                                    number == 1 ? null : new SpanId(Math.max(1, number / CHILDREN)))
                            .name("step " + number % 100)
                            .kind(SpanKind.INTERNAL)
                            .time(end - 5_000_000, end)
                            .attributes(attributes(number), 0)
                            .resource(resource(number * SERVICES / (spans + 1)))
                            .build());
        }
        return piece;
    }

    private static Attributes attributes(int number) {
        return Attributes.of(
                text("job.document", "/archive/2026/documents/" + number + ".json"),
                text("job.step", "reindex step " + number % 100 + " of the nightly run"),
                text("db.system.name", "postgresql"),
                text("db.query.text", "update document set terms = $1 where id = $2 and n = $3"),
                new Attribute("job.number", new AttributeValue.Int(number)));
    }

    private static Resource resource(int service) {
        return new Resource(Attributes.of(text("service.name", "giant-" + service)), 0, "");
    }

    private static Attribute text(String key, String value) {
        return new Attribute(key, new AttributeValue.Text(value));
    }
}
