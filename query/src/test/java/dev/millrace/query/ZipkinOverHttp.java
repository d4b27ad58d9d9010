package dev.millrace.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.TraceStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import zipkin2.Call;
import zipkin2.Callback;
import zipkin2.DependencyLink;
import zipkin2.Span;
import zipkin2.codec.DependencyLinkBytesDecoder;
import zipkin2.codec.SpanBytesDecoder;
import zipkin2.storage.AutocompleteTags;
import zipkin2.storage.QueryRequest;
import zipkin2.storage.ServiceAndSpanNames;
import zipkin2.storage.SpanConsumer;
import zipkin2.storage.SpanStore;
import zipkin2.storage.StorageComponent;
import zipkin2.storage.Traces;

/// Storage as Zipkin's own tests expect it, which asks everything of the API over HTTP. The spans
/// go straight to the store behind, so that they are found at once.
@SuppressWarnings("deprecation") // Two of Zipkin's interfaces overlap, and one gave way.
final class ZipkinOverHttp extends StorageComponent
        implements SpanStore, Traces, ServiceAndSpanNames, AutocompleteTags, SpanConsumer {

    private static final JsonFactory JSON = new JsonFactory();
    private static final int UNKNOWN = 404;

    private final ZipkinServer server;
    private volatile TraceStore local = ZipkinServer.local();

    private ZipkinOverHttp(ZipkinConfig config) {
        server = new ZipkinServer(whicheverIsLocal(), config);
    }

    // The server stays when the store is exchanged.
    private TraceStore whicheverIsLocal() {
        return (TraceStore)
                Proxy.newProxyInstance(
                        TraceStore.class.getClassLoader(),
                        new Class<?>[] {TraceStore.class, DependencyStore.class},
                        (_, method, arguments) -> {
                            try {
                                return method.invoke(local, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    /// Forgets all spans.
    void clear() {
        local.close();
        local = ZipkinServer.local();
    }

    static StorageComponent.Builder builder() {
        return new Builder();
    }

    private static final class Builder extends StorageComponent.Builder {

        private boolean strict = true;
        private boolean search = true;
        private List<String> keys = List.of();

        @Override
        public Builder strictTraceId(boolean strictTraceId) {
            strict = strictTraceId;
            return this;
        }

        @Override
        public Builder searchEnabled(boolean searchEnabled) {
            search = searchEnabled;
            return this;
        }

        @Override
        public Builder autocompleteKeys(List<String> autocompleteKeys) {
            keys = autocompleteKeys;
            return this;
        }

        @Override
        public StorageComponent build() {
            return new ZipkinOverHttp(new ZipkinConfig(search, strict, Duration.ofDays(1), keys));
        }
    }

    @Override
    public SpanStore spanStore() {
        return this;
    }

    @Override
    public Traces traces() {
        return this;
    }

    @Override
    public ServiceAndSpanNames serviceAndSpanNames() {
        return this;
    }

    @Override
    public AutocompleteTags autocompleteTags() {
        return this;
    }

    @Override
    public SpanConsumer spanConsumer() {
        return this;
    }

    @Override
    public Call<Void> accept(List<Span> spans) {
        return new Asked<>(() -> {
            server.keep(spans);
            return null;
        });
    }

    @Override
    public Call<List<List<Span>>> getTraces(QueryRequest request) {
        var path =
                "/api/v2/traces?endTs="
                        + request.endTs()
                        + "&lookback="
                        + request.lookback()
                        + "&limit="
                        + request.limit()
                        + parameter("serviceName", request.serviceName())
                        + parameter("remoteServiceName", request.remoteServiceName())
                        + parameter("spanName", request.spanName())
                        + parameter("annotationQuery", request.annotationQueryString())
                        + parameter("minDuration", request.minDuration())
                        + parameter("maxDuration", request.maxDuration());
        return new Asked<>(() -> lists(get(path)));
    }

    @Override
    public Call<List<Span>> getTrace(String traceId) {
        return new Asked<>(() -> spans(get("/api/v2/trace/" + traceId)));
    }

    // The API takes one id in another place than several.
    @Override
    public Call<List<List<Span>>> getTraces(Iterable<String> traceIds) {
        var ids = StreamSupport.stream(traceIds.spliterator(), false).toList();
        return new Asked<>(() ->
                ids.size() == 1
                        ? List.of(spans(get("/api/v2/trace/" + ids.getFirst())))
                        : lists(get("/api/v2/traceMany?traceIds=" + String.join(",", ids))));
    }

    @Override
    public Call<List<String>> getServiceNames() {
        return names("/api/v2/services");
    }

    @Override
    public Call<List<String>> getRemoteServiceNames(String service) {
        return names("/api/v2/remoteServices?" + parameter("serviceName", service));
    }

    @Override
    public Call<List<String>> getSpanNames(String service) {
        return names("/api/v2/spans?" + parameter("serviceName", service));
    }

    // Asked at once: the refusal is wanted before the call is made.
    @Override
    public Call<List<DependencyLink>> getDependencies(long endTs, long lookback) {
        var body = get("/api/v2/dependencies?endTs=" + endTs + "&lookback=" + lookback);
        return new Asked<>(() -> DependencyLinkBytesDecoder.JSON_V1.decodeList(bytes(body)));
    }

    @Override
    public Call<List<String>> getKeys() {
        return names("/api/v2/autocompleteKeys");
    }

    @Override
    public Call<List<String>> getValues(String key) {
        return names("/api/v2/autocompleteValues?" + parameter("key", key));
    }

    @Override
    public void close() {
        server.close();
    }

    private String get(String path) {
        var response = server.get(path);
        if (response.statusCode() == 200) {
            return response.body();
        }
        if (response.statusCode() == UNKNOWN) {
            return "[]";
        }
        throw new IllegalArgumentException(response.body());
    }

    private Call<List<String>> names(String path) {
        return new Asked<>(() -> {
            var names = new ArrayList<String>();
            try (var json = JSON.createParser(get(path))) {
                for (var token = json.nextToken(); token != null; token = json.nextToken()) {
                    if (token == JsonToken.VALUE_STRING) {
                        names.add(json.getText());
                    }
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            if (!names.equals(List.copyOf(new TreeSet<>(names)))) {
                throw new IllegalStateException(names + " (expected: sorted, each once)");
            }
            return names;
        });
    }

    private static List<Span> spans(String body) {
        return SpanBytesDecoder.JSON_V2.decodeList(bytes(body));
    }

    // Zipkin's decoders read one list at a time.
    private static List<List<Span>> lists(String body) {
        var bytes = bytes(body);
        var lists = new ArrayList<List<Span>>();
        try (var json = JSON.createParser(bytes)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.START_ARRAY) {
                int from = (int) json.currentTokenLocation().getByteOffset();
                json.skipChildren();
                int to = (int) json.currentTokenLocation().getByteOffset() + 1;
                lists.add(SpanBytesDecoder.JSON_V2.decodeList(Arrays.copyOfRange(bytes, from, to)));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return lists;
    }

    private static byte[] bytes(String body) {
        return body.getBytes(StandardCharsets.UTF_8);
    }

    private static String parameter(String name, @Nullable Object value) {
        return value == null
                ? ""
                : "&" + name + "=" + URLEncoder.encode(value.toString(), StandardCharsets.UTF_8);
    }

    /// A question that is put when it is executed, on the caller's thread.
    private static final class Asked<V> extends Call.Base<V> {

        private final Supplier<? extends @Nullable V> answer;

        private Asked(Supplier<? extends @Nullable V> answer) {
            this.answer = answer;
        }

        @Override
        protected V doExecute() {
            return answer.get();
        }

        @Override
        protected void doEnqueue(Callback<V> callback) {
            callback.onSuccess(answer.get());
        }

        @Override
        public Call<V> clone() {
            return new Asked<>(answer);
        }
    }
}
