package dev.millrace.verification;

import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/// Traces as a user gets them: over HTTP, from the query role.
///
/// @param query the address of the query role
record StoredTraces(HttpClient http, URI query) implements Function<TraceId, Optional<Trace>> {

    @Override
    public Optional<Trace> apply(TraceId traceId) {
        var request =
                HttpRequest.newBuilder(query.resolve("/v1/traces/" + traceId))
                        .header("Accept", "application/x-protobuf")
                        .timeout(Duration.ofSeconds(30))
                        .build();
        try {
            var response = http.send(request, BodyHandlers.ofByteArray());
            return switch (response.statusCode()) {
                case 200 ->
                        Optional.of(
                                new Trace(traceId, OtlpDecoder.spans(Slice.of(response.body()))));
                case 404 -> Optional.empty();
                default ->
                        throw new IllegalStateException(
                                request.uri() + ": status " + response.statusCode());
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
