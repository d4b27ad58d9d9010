package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.tempo.QueryInstantRequest;
import dev.millrace.testkit.tempo.QueryRangeRequest;
import dev.millrace.testkit.tempo.SearchRequest;
import dev.millrace.testkit.tempo.SearchResponse;
import dev.millrace.testkit.tempo.SearchTagValuesRequest;
import dev.millrace.testkit.tempo.SearchTagsRequest;
import dev.millrace.testkit.tempo.SearchTagsV2Scope;
import dev.millrace.testkit.tempo.StreamingQuerierGrpc.StreamingQuerierBlockingStub;
import dev.millrace.testkit.tempo.Trace;
import dev.millrace.testkit.tempo.TraceByIDResponse;
import dev.millrace.testkit.tempo.TraceSearchMetadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Tempo's gRPC service as a generated client sees it. What a search finds is the business of
/// [TempoApiContract]; both are answered from one place.
class TempoStreamingTest {

    private static final int SECONDS_NOW = (int) SampleTraces.NOW.getEpochSecond();
    private static final int CLOCKS = 45;

    private static RunningQuery query;
    private static StreamingQuerierBlockingStub tempo;

    @BeforeAll
    static void start() {
        query = new RunningQuery();
        query.store.keep(SampleTraces.rich());
        query.store.keep(SampleTraces.orphan(new TraceId(9, 9), "orphanage"));
        for (int i = 1; i <= CLOCKS; i++) {
            query.store.keep(
                    SampleTraces.plain(
                            new TraceId(0, i),
                            "clock",
                            SampleTraces.NOW_NANOS - i * 1_000_000_000L));
        }
        tempo = client(query);
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @AfterEach
    void soothe() {
        query.store.beforeReads(() -> {});
    }

    @Test
    void streamsWhatASearchFindsNewestFirst() {
        // Given
        var request =
                SearchRequest.newBuilder()
                        .setQuery("{ resource.service.name = \"clock\" }")
                        .setLimit(42)
                        .build();

        // When
        var responses = all(tempo.search(request));

        // Then
        assertThat(responses).hasSizeGreaterThan(1);
        assertThat(traces(responses)).extracting(TraceSearchMetadata::getTraceID).hasSize(42);
        assertThat(traces(responses).getFirst().getTraceID()).isEqualTo("1");
        assertThat(traces(responses).getLast().getTraceID()).isEqualTo("2a");
        assertThat(responses.getFirst().getMetrics().getCompletedJobs())
                .isLessThan(responses.getFirst().getMetrics().getTotalJobs());
        var last = responses.getLast().getMetrics();
        assertThat(last.getInspectedTraces()).isEqualTo(42);
        assertThat(last.getCompletedJobs()).isEqualTo(last.getTotalJobs()).isPositive();
    }

    @Test
    void tellsOfATraceWhatTheHttpApiTells() {
        // Given
        var request =
                SearchRequest.newBuilder()
                        .setQuery("{ name = \"POST /orders\" } | select(span.total)")
                        .setSpansPerSpanSet(1)
                        .build();

        // When
        var trace = traces(all(tempo.search(request))).getFirst();

        // Then
        assertThat(trace.getTraceID()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(trace.getRootServiceName()).isEqualTo("shop");
        assertThat(trace.getRootTraceName()).isEqualTo("POST /orders");
        assertThat(trace.getServiceStatsMap()).containsKeys("shop", "bank/eu");
        assertThat(trace.getSpanSets(0)).isEqualTo(trace.getSpanSet());
        assertThat(trace.getSpanSet().getMatched()).isEqualTo(1);
        var span = trace.getSpanSet().getSpans(0);
        assertThat(span.getName()).isEqualTo("POST /orders");
        assertThat(span.getSpanID()).hasSize(16);
        assertThat(span.getAttributesList())
                .anySatisfy(attribute -> {
                    assertThat(attribute.getKey()).isEqualTo("total");
                    assertThat(attribute.getValue().getDoubleValue()).isEqualTo(12.5);
                });
    }

    @Test
    void takesEveryParameterOfASearch() {
        // Given
        var range =
                SearchRequest.newBuilder()
                        .setQuery("{}")
                        .setStart(SECONDS_NOW - 3)
                        .setEnd(SECONDS_NOW - 1)
                        .build();
        var tags =
                SearchRequest.newBuilder()
                        .putTags("service.name", "clock")
                        .putTags("name", "tick")
                        .setLimit(2)
                        .build();
        var quoted = SearchRequest.newBuilder().putTags("name", "pay \"now\"").build();
        var long_ = SearchRequest.newBuilder().setMinDurationMs(11).setMaxDurationMs(999).build();

        // Then
        assertThat(ids(range)).containsExactly("1", "2", "3");
        assertThat(ids(tags)).containsExactly("1", "2");
        assertThat(ids(quoted)).containsExactly("4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(ids(long_)).containsExactly("4bf92f3577b34da6a3ce929d0e0e4736");
    }

    @Test
    void listsTagsAndTheirValues() {
        // Given
        var links = SearchTagsRequest.newBuilder().setScope("link").setMaxTagsPerScope(1).build();
        var services = SearchTagValuesRequest.newBuilder().setTagName("service.name").build();
        var total = SearchTagValuesRequest.newBuilder().setTagName("span.total").build();

        // When
        var names = tempo.searchTags(links).next();
        var scopes = tempo.searchTagsV2(SearchTagsRequest.getDefaultInstance()).next();
        var texts = tempo.searchTagValues(services).next();
        var values = tempo.searchTagValuesV2(total).next();

        // Then
        assertThat(names.getTagNamesList()).containsExactly("opentracing.ref_type");
        assertThat(names.getMetrics().getCompletedJobs())
                .isEqualTo(names.getMetrics().getTotalJobs());
        assertThat(scopes.getScopesList())
                .extracting(SearchTagsV2Scope::getName)
                .containsExactly(
                        "span", "resource", "event", "link", "instrumentation", "intrinsic");
        assertThat(texts.getTagValuesList())
                .containsExactly("bank/eu", "clock", "orphanage", "shop");
        assertThat(values.getTagValues(0).getType()).isEqualTo("float");
        assertThat(values.getTagValues(0).getValue()).isEqualTo("12.5");
    }

    @Test
    void refusesInWordsWhatItDoesNotUnderstandOrDo() {
        var broken = SearchRequest.newBuilder().setQuery("{ .a = }").build();
        var tooMany = SearchRequest.newBuilder().setLimit(1_501).build();
        var scope = SearchTagsRequest.newBuilder().setScope("trace").build();

        refused(() -> tempo.search(broken).next(), Status.Code.INVALID_ARGUMENT, "q: line 1");
        refused(
                () -> tempo.search(tooMany).next(),
                Status.Code.INVALID_ARGUMENT,
                "limit: 1501 (expected: 1 to 1500)");
        refused(
                () -> tempo.searchTags(scope).next(),
                Status.Code.INVALID_ARGUMENT,
                "scope: trace (expected: one of none,");
        refused(
                () -> tempo.metricsQueryRange(QueryRangeRequest.getDefaultInstance()).next(),
                Status.Code.UNIMPLEMENTED,
                "metrics of TraceQL are not supported");
        refused(
                () -> tempo.metricsQueryInstant(QueryInstantRequest.getDefaultInstance()).next(),
                Status.Code.UNIMPLEMENTED,
                "metrics of TraceQL are not supported");
    }

    @Test
    void keepsTheDeadlineOfTheOtherApis() {
        var config = new QueryConfig("127.0.0.1", 0, Duration.ofMillis(500), 100, 1);
        var release = new CountDownLatch(1);
        try (var small = new RunningQuery(config)) {
            // Given
            small.store.beforeReads(() -> await(release));
            var asked = client(small);

            // Then
            refused(
                    () -> asked.search(SearchRequest.getDefaultInstance()).next(),
                    Status.Code.DEADLINE_EXCEEDED,
                    "no answer from the store within PT0.5S");
            // The one place is taken until the store lets go.
            refused(
                    () -> asked.search(SearchRequest.getDefaultInstance()).next(),
                    Status.Code.UNAVAILABLE,
                    "1 requests are at work");
            release.countDown();
        }
    }

    @Test
    void answersTracesAsTempoSProtobuf() throws InvalidProtocolBufferException {
        // Given
        var path = "/traces/4bf92f3577b34da6a3ce929d0e0e4736";
        var accept = "application/protobuf";

        // When
        var one = query.getBytes("/tempo/api" + path, "accept", accept);
        var two = query.getBytes("/tempo/api/v2" + path, "accept", accept);

        // Then
        var trace = Trace.parseFrom(one.body());
        assertThat(trace.getResourceSpansList()).isNotEmpty();
        assertThat(TraceByIDResponse.parseFrom(two.body()).getTrace()).isEqualTo(trace);
    }

    private static StreamingQuerierBlockingStub client(RunningQuery of) {
        return GrpcClients.builder("gproto+http://127.0.0.1:" + of.address().getPort())
                .responseTimeout(Duration.ofSeconds(20))
                .build(StreamingQuerierBlockingStub.class);
    }

    private static List<String> ids(SearchRequest request) {
        return traces(all(tempo.search(request))).stream()
                .map(TraceSearchMetadata::getTraceID)
                .toList();
    }

    private static List<TraceSearchMetadata> traces(List<SearchResponse> responses) {
        return responses.stream().flatMap(response -> response.getTracesList().stream()).toList();
    }

    private static <T> List<T> all(Iterator<T> stream) {
        var all = new ArrayList<T>();
        stream.forEachRemaining(all::add);
        return all;
    }

    private static void refused(Runnable call, Status.Code code, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        refusal -> {
                            assertThat(refusal.getStatus().getCode()).isEqualTo(code);
                            assertThat(refusal.getStatus().getDescription()).startsWith(message);
                        });
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("never released");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
