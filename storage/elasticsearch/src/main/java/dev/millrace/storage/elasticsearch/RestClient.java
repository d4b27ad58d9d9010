package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Connection;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Credentials;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Asks the servers and waits for the answer, for a bounded time.
///
/// A node that cannot be reached is passed over for the next one; one that does not answer in time
/// ends the request, and the next request begins at another. Every request may be sent twice, so
/// none may do harm then. Safe for any number of threads.
final class RestClient implements AutoCloseable {

    /// The largest answer that is taken.
    static final long MAX_ANSWER_BYTES = 128L << 20;

    // How the limiting handler of the JDK begins its complaint.
    private static final String TOO_LARGE = "body exceeds capacity";

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    /// Who each other is takes them a few messages more, and servers that are busy some time.
    private static final Duration TLS_CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private static final String NDJSON = "application/x-ndjson";
    private static final String JSON = "application/json";
    private static final int CLIENT_ERROR = 400;
    private static final int UNAUTHORIZED = 401;

    private final List<URI> urls;
    private final Duration timeout;
    private final long maxAnswerBytes;
    private final Credentials credentials;
    private final @Nullable String authorization;
    private final ServerTls tls;
    private final HttpClient http;
    private final AtomicInteger current = new AtomicInteger();

    /// What a server said.
    ///
    /// @param elasticsearch whether it is Elasticsearch, which says so in every answer
    record Answer(int status, JsonNode body, boolean elasticsearch) {

        boolean isGood() {
            return status < CLIENT_ERROR;
        }

        /// Why not, as the server puts it.
        String error() {
            var error = body.path("error");
            String reason =
                    error.isTextual()
                            ? error.asText()
                            : error.path("type").asText() + ": " + error.path("reason").asText();
            return "status " + status + ", " + shortened(reason);
        }
    }

    RestClient(Connection connection) {
        this(connection, MAX_ANSWER_BYTES);
    }

    RestClient(Connection connection, long maxAnswerBytes) {
        this.maxAnswerBytes = maxAnswerBytes;
        urls = connection.urls();
        timeout = connection.requestTimeout();
        credentials = connection.credentials();
        authorization = authorization(credentials);
        tls = connection.tls();
        var builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(connectTimeout(connection));
        if (!tls.equals(ServerTls.USUAL)) {
            builder.sslContext(tls.context());
        }
        http = builder.build();
    }

    private static Duration connectTimeout(Connection connection) {
        boolean overTls =
                connection.urls().stream().anyMatch(url -> "https".equals(url.getScheme()));
        var usual = overTls ? TLS_CONNECT_TIMEOUT : CONNECT_TIMEOUT;
        return connection.requestTimeout().compareTo(usual) < 0
                ? connection.requestTimeout()
                : usual;
    }

    private static @Nullable String authorization(Credentials credentials) {
        if (!credentials.apiKey().isEmpty()) {
            return "ApiKey " + credentials.apiKey();
        }
        if (credentials.username().isEmpty()) {
            return null;
        }
        String pair = credentials.username() + ":" + credentials.password();
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    Answer get(String path) {
        return send("GET", path, JSON, null);
    }

    Answer delete(String path) {
        return send("DELETE", path, JSON, null);
    }

    Answer put(String path, JsonNode body) {
        return send("PUT", path, JSON, Json.bytes(body));
    }

    Answer post(String path, @Nullable JsonNode body) {
        return send("POST", path, JSON, body == null ? null : Json.bytes(body));
    }

    /// @param lines JSON, each ended by a newline
    Answer postLines(String path, byte[] lines) {
        return send("POST", path, NDJSON, lines);
    }

    private Answer send(String method, String path, String type, byte @Nullable [] body) {
        int tries = Math.max(2, urls.size());
        for (int attempt = 1; ; attempt++) {
            int at = current.get();
            var url = urls.get(Math.floorMod(at, urls.size()));
            try {
                var answer = answer(exchange(request(url, method, path, type, body)));
                if (answer.status() == UNAUTHORIZED) {
                    throw refused(url, answer);
                }
                return answer;
            } catch (IOException e) {
                current.compareAndSet(at, at + 1);
                if (String.valueOf(e.getMessage()).startsWith(TOO_LARGE)) {
                    throw new StoreException(
                            Kind.OVER_CAPACITY,
                            "an answer of more than " + maxAnswerBytes + " bytes",
                            e);
                }
                boolean late =
                        e instanceof HttpTimeoutException
                                && !(e instanceof HttpConnectTimeoutException);
                if (late || attempt == tries) {
                    throw unreachable(url, e);
                }
            }
        }
    }

    // Of no other server: they know the same users.
    private StoreException refused(URI url, Answer answer) {
        String text = place(url) + ": " + credentials.refused() + ": " + answer.error();
        return new StoreException(Kind.UNAVAILABLE, text, new SettingsException(text));
    }

    private StoreException unreachable(URI url, IOException failure) {
        return tls.refusal(failure)
                .map(text -> place(url) + ": " + text)
                .map(text ->
                        new StoreException(
                                Kind.UNAVAILABLE, text, new SettingsException(text, failure)))
                .orElseGet(() ->
                        new StoreException(Kind.UNAVAILABLE, place(url) + ": " + failure, failure));
    }

    private static String place(URI url) {
        return url.getHost() + ":" + url.getPort();
    }

    /// Whether a failure ends only when somebody changes settings.
    static boolean needsSomebody(StoreException failure) {
        return failure.getCause() instanceof SettingsException;
    }

    private HttpRequest request(
            URI url, String method, String path, String type, byte @Nullable [] body) {
        String base = url.toString();
        var request =
                HttpRequest.newBuilder(
                                URI.create(
                                        (base.endsWith("/")
                                                        ? base.substring(0, base.length() - 1)
                                                        : base)
                                                + path))
                        .header("Accept", JSON)
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofByteArray(body));
        if (body != null) {
            request.header("Content-Type", type);
        }
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        return request.build();
    }

    // The client's own time-out ends with the head of an answer; this one is for all of it.
    private HttpResponse<byte[]> exchange(HttpRequest request) throws IOException {
        var pending =
                http.sendAsync(
                        request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), maxAnswerBytes));
        try {
            return pending.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            pending.cancel(true);
            var late = new HttpTimeoutException("no answer within " + timeout.toMillis() + " ms");
            late.initCause(e);
            throw late;
        } catch (InterruptedException e) {
            pending.cancel(true);
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted while asking a server", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case null, default ->
                        throw new StoreException(Kind.BUG, "asking a server: " + e.getCause(), e);
            }
        }
    }

    private static Answer answer(HttpResponse<byte[]> response) throws IOException {
        boolean elasticsearch = response.headers().firstValue("X-elastic-product").isPresent();
        try {
            return new Answer(response.statusCode(), Json.parse(response.body()), elasticsearch);
        } catch (JsonProcessingException e) {
            if (response.statusCode() < CLIENT_ERROR) {
                throw new IOException("an answer that is not JSON", e);
            }
            // Of a proxy in between.
            var text =
                    Json.object(
                            "error",
                            shortened(new String(response.body(), StandardCharsets.UTF_8)));
            return new Answer(response.statusCode(), text, elasticsearch);
        }
    }

    /// An answer that says it could not be done, as what it means to our callers.
    static StoreException failure(String what, Answer answer) {
        return new StoreException(kind(answer.status()), what + ": " + answer.error());
    }

    /// What a status means that is neither good nor about one document.
    static Kind kind(int status) {
        return switch (status) {
            case 429, 413 -> Kind.OVER_CAPACITY;
            case 400, 405, 406, 409, 411, 415 -> Kind.BUG;
            // 403 too: what was to be written is not to blame.
            default -> Kind.UNAVAILABLE;
        };
    }

    private static String shortened(String text) {
        return text.length() <= 500 ? text : text.substring(0, 500) + "…";
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
