package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UnknownFieldSet;
import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpDecoder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.jaegertracing.api_v2.Model;
import io.jaegertracing.api_v2.Query;
import io.jaegertracing.api_v2.QueryServiceGrpc;
import io.jaegertracing.api_v3.Dependency;
import io.jaegertracing.api_v3.FindTraceSummariesRequest;
import io.jaegertracing.api_v3.FindTraceSummariesResponse;
import io.jaegertracing.api_v3.FindTracesRequest;
import io.jaegertracing.api_v3.GetDependenciesRequest;
import io.jaegertracing.api_v3.GetOperationsRequest;
import io.jaegertracing.api_v3.GetServicesRequest;
import io.jaegertracing.api_v3.GetTraceRequest;
import io.jaegertracing.api_v3.Operation;
import io.jaegertracing.api_v3.ServiceSummary;
import io.jaegertracing.api_v3.TraceQueryParameters;
import io.jaegertracing.api_v3.TraceSummary;
import io.opentelemetry.proto.trace.v1.TracesData;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What generated clients ask of Jaeger's two query services over gRPC and what they get, whichever
/// store is below.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JaegerGrpcContract {

    private static final TraceId LONG = new TraceId(5, 5);

    // What a client in Go sends for a time that is not set.
    private static final Timestamp UNSET =
            Timestamp.newBuilder().setSeconds(-62_135_596_800L).build();

    private JaegerFixture fixture;
    private QueryServiceGrpc.QueryServiceBlockingStub v2;
    private io.jaegertracing.api_v3.QueryServiceGrpc.QueryServiceBlockingStub v3;
    private HealthGrpc.HealthBlockingStub health;

    abstract TraceStore open(Path directory);

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new JaegerFixture(open(directory));
        var steps = IntStream.rangeClosed(1, 2_500).mapToObj(JaegerGrpcContract::step).toList();
        fixture.keep(List.of(SampleTraces.rich(), JaegerFixture.skewed(), steps));
        fixture.count(Map.of(1, 2));
        var address = "gproto+http://127.0.0.1:" + fixture.query.grpcPort() + "/";
        v2 = GrpcClients.newClient(address, QueryServiceGrpc.QueryServiceBlockingStub.class);
        v3 =
                GrpcClients.newClient(
                        address,
                        io.jaegertracing.api_v3.QueryServiceGrpc.QueryServiceBlockingStub.class);
        health = GrpcClients.newClient(address, HealthGrpc.HealthBlockingStub.class);
    }

    private static Span step(int number) {
        long start = SampleTraces.NOW_NANOS + number;
        return Span.builder(LONG, new SpanId(number))
                .name("step " + number)
                .time(start, start)
                .build();
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    // The second version

    @Test
    void sendsATraceInJaegersSpansTenAtATime() {
        // When
        var chunks = list(v2.getTrace(v2Trace(LONG).build()));

        // Then
        assertThat(chunks).hasSize(250).allMatch(chunk -> chunk.getSpansCount() == 10);
        assertThat(chunks.getLast().getSpans(9).getOperationName()).isEqualTo("step 2500");
    }

    @Test
    void correctsClocksAndSharedIdsUnlessAskedForARawTrace() {
        // When
        var adjusted = v2Spans(v2.getTrace(v2Trace(JaegerFixture.SKEWED).build()));
        var raw =
                v2Spans(
                        v2.getTrace(
                                v2Trace(JaegerFixture.SKEWED).setUnknownFields(truth(4)).build()));
        var found = v2Spans(v2.findTraces(v2Search(search -> search.setServiceName("rack"))));
        var foundRaw =
                v2Spans(
                        v2.findTraces(
                                v2Search(search ->
                                        search.setServiceName("rack").setUnknownFields(truth(9)))));

        // Then
        assertThat(adjusted).isEqualTo(found).hasSize(3);
        assertThat(adjusted.getLast().getSpanId()).isEqualTo(bytes(3));
        assertThat(adjusted.getLast().getReferences(0).getSpanId()).isEqualTo(bytes(2));
        assertThat(adjusted.getLast().getWarningsList())
                .containsExactly("its times were moved by 520ms to agree with its parent's clock");
        assertThat(raw).isEqualTo(foundRaw).hasSize(3);
        assertThat(raw)
                .extracting(Model.Span::getSpanId)
                .contains(bytes(2))
                .doesNotContain(bytes(3));
        assertThat(raw).allMatch(span -> span.getWarningsCount() == 0);
    }

    @Test
    void mapsAllOfASpanOntoJaegers() {
        // When
        var spans = v2Spans(v2.getTrace(v2Trace(SampleTraces.RICH).build()));

        // Then
        var order = spans.getFirst();
        assertThat(order.getTraceId()).isEqualTo(bytes(SampleTraces.RICH));
        assertThat(order.getOperationName()).isEqualTo("POST /orders");
        assertThat(order.getStartTime()).isEqualTo(timestamp("2026-11-21T02:00:00Z"));
        assertThat(order.getDuration()).isEqualTo(millis(250));
        assertThat(order.getProcess().getServiceName()).isEqualTo("shop");
        assertThat(order.getReferencesList())
                .extracting(Model.SpanRef::getRefType)
                .containsExactly(Model.SpanRefType.FOLLOWS_FROM, Model.SpanRefType.CHILD_OF);
        assertThat(order.getTagsList())
                .extracting(Model.KeyValue::getKey)
                .contains("http.request.method", "span.kind", "error", "otel.status_code");
        assertThat(order.getLogs(0).getFields(0).getVStr()).isEqualTo("cache miss");
        assertThat(spans.getLast().getDuration()).isEqualTo(Duration.getDefaultInstance());
        assertThat(spans.getLast().getWarningsList())
                .containsExactly(
                        "the span ends 1000000 ns before it starts; shown with a duration of 0");
    }

    @Test
    void searchesByAnythingASpanHas() {
        for (UnaryOperator<Query.TraceQueryParameters.Builder> conditions :
                List.<UnaryOperator<Query.TraceQueryParameters.Builder>>of(
                        search -> search.setServiceName("shop"),
                        search -> search.setServiceName("shop").setOperationName("POST /orders"),
                        search -> search.putTags("http.request.method", "POST"),
                        search -> search.putTags("error", "true").putTags("span.kind", "server"),
                        search ->
                                search.setServiceName("shop")
                                        .setStartTimeMin(timestamp("2026-11-21T02:00:00Z"))
                                        .setStartTimeMax(timestamp("2026-11-21T02:00:00Z")),
                        search ->
                                search.setServiceName("shop")
                                        .setDurationMin(millis(250))
                                        .setDurationMax(millis(250)),
                        search ->
                                search.setServiceName("shop")
                                        .setSearchDepth(1)
                                        .setStartTimeMin(UNSET)
                                        .setStartTimeMax(UNSET))) {
            // When
            var spans = v2Spans(v2.findTraces(v2Search(conditions)));

            // Then
            assertThat(spans)
                    .hasSize(3)
                    .allMatch(span -> span.getTraceId().equals(bytes(SampleTraces.RICH)));
        }
        assertThat(v2Spans(v2.findTraces(v2Search(search -> search.setServiceName("none")))))
                .isEmpty();
    }

    @Test
    void listsNamesAndLinks() {
        // When
        var services = v2.getServices(Query.GetServicesRequest.getDefaultInstance());
        var operations =
                v2.getOperations(
                        Query.GetOperationsRequest.newBuilder().setService("desk").build());
        var clients =
                v2.getOperations(
                        Query.GetOperationsRequest.newBuilder()
                                .setService("desk")
                                .setSpanKind("client")
                                .build());
        var links =
                v2.getDependencies(
                        Query.GetDependenciesRequest.newBuilder()
                                .setStartTime(timestamp("2026-11-21T02:00:00Z"))
                                .setEndTime(timestamp("2026-11-21T03:00:00Z"))
                                .build());

        // Then
        assertThat(services.getServicesList())
                .containsExactly("bank/eu", "desk", "rack", "shop", "unknown_service");
        assertThat(operations.getOperationNamesList()).containsExactly("look");
        assertThat(operations.getOperationsList())
                .containsExactly(v2Operation("server"), v2Operation("client"));
        assertThat(clients.getOperationsList()).containsExactly(v2Operation("client"));
        assertThat(links.getDependenciesList())
                .containsExactly(
                        Model.DependencyLink.newBuilder()
                                .setParent("till")
                                .setChild("vault")
                                .setCallCount(2)
                                .build());
    }

    @Test
    void copiesATraceIntoTheArchive() {
        // When
        var answer =
                v2.archiveTrace(
                        Query.ArchiveTraceRequest.newBuilder()
                                .setTraceId(bytes(SampleTraces.RICH))
                                .build());

        // Then
        assertThat(answer).isEqualTo(Query.ArchiveTraceResponse.getDefaultInstance());
        assertThat(fixture.archived).containsKey(SampleTraces.RICH);
    }

    @Test
    void refusesWhatTheSecondVersionDoesNotUnderstand() {
        var none = Query.GetTraceRequest.getDefaultInstance();
        var early = timestamp("2026-11-21T02:00:00Z");
        var late = timestamp("2026-11-21T03:00:00Z");

        assertRefused(
                () -> list(v2.getTrace(none)),
                Status.Code.INVALID_ARGUMENT,
                "trace_id: 0 bytes (expected: 16 of them, not all zero)");
        assertRefused(
                () -> list(v2.getTrace(none.toBuilder().setTraceId(bytes(0)).build())),
                Status.Code.INVALID_ARGUMENT,
                "trace_id: 8 bytes (expected: 16 of them, not all zero)");
        assertRefused(
                () -> list(v2.getTrace(v2Trace(new TraceId(0, 0xabc)).build())),
                Status.Code.NOT_FOUND,
                "trace not found");
        assertRefused(
                () ->
                        v2.archiveTrace(
                                Query.ArchiveTraceRequest.newBuilder()
                                        .setTraceId(bytes(0xabc))
                                        .build()),
                Status.Code.NOT_FOUND,
                "trace not found");
        assertRefused(
                () -> list(v2.findTraces(Query.FindTracesRequest.getDefaultInstance())),
                Status.Code.INVALID_ARGUMENT,
                "query: missing (expected: what to look for)");
        assertRefused(
                () ->
                        list(
                                v2.findTraces(
                                        v2Search(search ->
                                                search.setStartTimeMin(late)
                                                        .setStartTimeMax(early)))),
                Status.Code.INVALID_ARGUMENT,
                "start_time_min: 1795230000000000000 ns since the epoch"
                        + " (expected: not after start_time_max, 1795226400000000000)");
        assertRefused(
                () -> list(v2.findTraces(v2Search(search -> search.setSearchDepth(1_501)))),
                Status.Code.INVALID_ARGUMENT,
                "search_depth: 1501 (expected: 1 to 1500)");
        assertRefused(
                () -> list(v2.findTraces(v2Search(search -> search.setDurationMin(millis(-1))))),
                Status.Code.INVALID_ARGUMENT,
                "duration_min: 0 s and -1000000 ns (expected: a duration from 0 to 292 years)");
        assertRefused(
                () ->
                        list(
                                v2.findTraces(
                                        v2Search(search ->
                                                search.setDurationMin(millis(2))
                                                        .setDurationMax(millis(1))))),
                Status.Code.INVALID_ARGUMENT,
                "duration_max: 1ms (expected: at least duration_min, 2ms)");
        assertRefused(
                () -> list(v2.findTraces(v2Search(search -> search.putTags("span.kind", "x")))),
                Status.Code.INVALID_ARGUMENT,
                "tag span.kind: x (expected: one of unspecified, internal, server, client,"
                        + " producer, consumer)");
        assertRefused(
                () -> v2.getOperations(Query.GetOperationsRequest.getDefaultInstance()),
                Status.Code.INVALID_ARGUMENT,
                "service: missing (expected: the name of a service)");
        assertRefused(
                () ->
                        v2.getDependencies(
                                Query.GetDependenciesRequest.newBuilder()
                                        .setStartTime(early)
                                        .setEndTime(UNSET)
                                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "end_time: missing (expected: a time)");
        assertRefused(
                () ->
                        v2.getDependencies(
                                Query.GetDependenciesRequest.newBuilder()
                                        .setStartTime(late)
                                        .setEndTime(early)
                                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "end_time: 1795226400000000000 ns since the epoch"
                        + " (expected: not before start_time, 1795230000000000000)");
    }

    // The third version

    @Test
    void sendsATraceInOpenTelemetrysSpansAPieceAtATime() {
        // When
        var pieces = list(v3.getTrace(v3Trace(LONG.toString()).build()));

        // Then
        assertThat(pieces).hasSize(3);
        assertThat(v3Spans(pieces.iterator())).hasSize(2_500);
    }

    @Test
    void sendsTracesAsTheyAreStoredWhenAskedForRawOnes() {
        // When
        var adjusted = v3Spans(v3.getTrace(v3Trace("5e").build()));
        var raw = v3Spans(v3.getTrace(v3Trace("5e").setRawTraces(true).build()));
        var found = v3Spans(v3.findTraces(v3Search(search -> search.setServiceName("rack"))));
        var foundRaw =
                v3Spans(
                        v3.findTraces(
                                v3Search(search ->
                                        search.setServiceName("rack").setRawTraces(true))));

        // Then
        assertThat(raw).containsExactlyInAnyOrderElementsOf(JaegerFixture.skewed());
        assertThat(foundRaw).isEqualTo(raw);
        assertThat(found).isEqualTo(adjusted);
        assertThat(adjusted.getLast().spanId()).isEqualTo(new SpanId(3));
        assertThat(adjusted.getLast().attributes().find("@jaeger@warnings"))
                .contains(
                        new AttributeValue.Array(
                                List.of(
                                        new AttributeValue.Text(
                                                "its times were moved by 520ms to agree with its"
                                                        + " parent's clock"))));
    }

    @Test
    void searchesByAnythingASpanHasInTheThirdVersion() {
        for (UnaryOperator<TraceQueryParameters.Builder> conditions :
                List.<UnaryOperator<TraceQueryParameters.Builder>>of(
                        search -> search.setServiceName("shop"),
                        search -> search.setOperationName("POST /orders"),
                        search -> search.putAttributes("http.request.method", "POST"),
                        search ->
                                search.setServiceName("shop")
                                        .setDurationMin(millis(250))
                                        .setDurationMax(millis(250)),
                        search -> search.setServiceName("shop").setSearchDepth(1))) {
            // When
            var spans = v3Spans(v3.findTraces(v3Search(conditions)));

            // Then
            assertThat(spans).containsExactlyInAnyOrderElementsOf(SampleTraces.rich());
        }
        assertThat(v3Spans(v3.findTraces(v3Search(search -> search.setServiceName("none")))))
                .isEmpty();
    }

    @Test
    void summarisesWhatItFinds() {
        // When
        var summaries =
                list(
                                v3.findTraceSummaries(
                                        FindTraceSummariesRequest.newBuilder()
                                                .setQuery(
                                                        v3Query(search ->
                                                                search.setServiceName("shop")))
                                                .build()))
                        .stream()
                        .map(FindTraceSummariesResponse::getSummariesList)
                        .flatMap(List::stream)
                        .toList();

        // Then
        assertThat(summaries)
                .containsExactly(
                        TraceSummary.newBuilder()
                                .setTraceId("4bf92f3577b34da6a3ce929d0e0e4736")
                                .setRootServiceName("shop")
                                .setRootOperationName("POST /orders")
                                .setMinStartTimeUnixNano(1_795_226_400_000_000_000L)
                                .setMaxEndTimeUnixNano(1_795_226_400_250_000_000L)
                                .setSpanCount(3)
                                .setErrorSpanCount(1)
                                .addServices(
                                        ServiceSummary.newBuilder()
                                                .setName("bank/eu")
                                                .setSpanCount(1))
                                .addServices(
                                        ServiceSummary.newBuilder()
                                                .setName("shop")
                                                .setSpanCount(2)
                                                .setErrorSpanCount(1))
                                .build());
    }

    @Test
    void listsNamesAndLinksInTheThirdVersion() {
        // When
        var services = v3.getServices(GetServicesRequest.getDefaultInstance());
        var operations =
                v3.getOperations(
                        GetOperationsRequest.newBuilder()
                                .setService("desk")
                                .setSpanKind("client")
                                .build());
        var links =
                v3.getDependencies(
                        GetDependenciesRequest.newBuilder()
                                .setStartTime(timestamp("2026-11-21T02:00:00Z"))
                                .setEndTime(timestamp("2026-11-21T03:00:00Z"))
                                .build());

        // Then
        assertThat(services.getServicesList())
                .containsExactly("bank/eu", "desk", "rack", "shop", "unknown_service");
        assertThat(operations.getOperationsList())
                .containsExactly(
                        Operation.newBuilder().setName("look").setSpanKind("client").build());
        assertThat(links.getDependenciesList())
                .containsExactly(
                        Dependency.newBuilder()
                                .setParent("till")
                                .setChild("vault")
                                .setCallCount(2)
                                .build());
    }

    @Test
    void refusesWhatTheThirdVersionDoesNotUnderstand() {
        assertRefused(
                () -> list(v3.getTrace(v3Trace("xyz").build())),
                Status.Code.INVALID_ARGUMENT,
                "trace_id: xyz (expected: 1 to 32 hexadecimal digits, or Base64 of 16 bytes, not"
                        + " all zero)");
        assertRefused(
                () -> list(v3.getTrace(v3Trace("abc").build())),
                Status.Code.NOT_FOUND,
                "trace not found");
        assertRefused(
                () -> list(v3.getTrace(v3Trace("abc").setStartTime(nanos(-1)).build())),
                Status.Code.INVALID_ARGUMENT,
                "start_time: 0 s and -1 ns (expected: a time from 1970 to 2262)");
        assertRefused(
                () -> list(v3.findTraces(FindTracesRequest.getDefaultInstance())),
                Status.Code.INVALID_ARGUMENT,
                "query: missing (expected: what to look for)");
        assertRefused(
                () ->
                        list(
                                v3.findTraces(
                                        v3Search(TraceQueryParameters.Builder::clearStartTimeMax))),
                Status.Code.INVALID_ARGUMENT,
                "start_time_max: missing (expected: a time)");
        assertRefused(
                () -> list(v3.findTraces(v3Search(search -> search.setSearchDepth(0)))),
                Status.Code.INVALID_ARGUMENT,
                "search_depth: 0 (expected: 1 to 1500)");
        assertRefused(
                () -> list(v3.findTraces(v3Search(search -> search.setFilter(bytes(1))))),
                Status.Code.UNIMPLEMENTED,
                "filter: not supported (expected: attributes and its like)");
        assertRefused(
                () ->
                        v3.getOperations(
                                GetOperationsRequest.newBuilder()
                                        .setService("a")
                                        .setSpanKind("x")
                                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "span_kind: x (expected: one of unspecified, internal, server, client, producer,"
                        + " consumer)");
        assertRefused(
                () -> v3.getDependencies(GetDependenciesRequest.getDefaultInstance()),
                Status.Code.INVALID_ARGUMENT,
                "start_time: missing (expected: a time)");
    }

    @Test
    void saysThatItServes() {
        // When
        var answer = health.check(HealthCheckRequest.getDefaultInstance());

        // Then
        assertThat(answer.getStatus()).isEqualTo(ServingStatus.SERVING);
    }

    private static void assertRefused(ThrowingCallable call, Status.Code code, String message) {
        var failure = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(failure.getStatus().getCode()).isEqualTo(code);
        assertThat(failure.getStatus().getDescription()).isEqualTo(message);
    }

    private static Query.GetTraceRequest.Builder v2Trace(TraceId id) {
        return Query.GetTraceRequest.newBuilder().setTraceId(bytes(id));
    }

    private static Query.FindTracesRequest v2Search(
            UnaryOperator<Query.TraceQueryParameters.Builder> conditions) {
        return Query.FindTracesRequest.newBuilder()
                .setQuery(conditions.apply(Query.TraceQueryParameters.newBuilder()))
                .build();
    }

    private static Query.Operation v2Operation(String kind) {
        return Query.Operation.newBuilder().setName("look").setSpanKind(kind).build();
    }

    private static List<Model.Span> v2Spans(Iterator<Query.SpansResponseChunk> chunks) {
        return list(chunks).stream().flatMap(chunk -> chunk.getSpansList().stream()).toList();
    }

    private static GetTraceRequest.Builder v3Trace(String id) {
        return GetTraceRequest.newBuilder().setTraceId(id);
    }

    private static TraceQueryParameters v3Query(
            UnaryOperator<TraceQueryParameters.Builder> conditions) {
        var day =
                TraceQueryParameters.newBuilder()
                        .setStartTimeMin(timestamp("2026-11-20T03:00:00Z"))
                        .setStartTimeMax(timestamp("2026-11-21T03:00:00Z"))
                        .setSearchDepth(20);
        return conditions.apply(day).build();
    }

    private static FindTracesRequest v3Search(
            UnaryOperator<TraceQueryParameters.Builder> conditions) {
        return FindTracesRequest.newBuilder().setQuery(v3Query(conditions)).build();
    }

    private static List<Span> v3Spans(Iterator<TracesData> pieces) {
        return list(pieces).stream()
                .flatMap(piece -> OtlpDecoder.spans(Slice.of(piece.toByteArray())).stream())
                .toList();
    }

    private static <T> List<T> list(Iterator<T> messages) {
        var list = new ArrayList<T>();
        messages.forEachRemaining(list::add);
        return list;
    }

    // A field that the published client is too old for.
    private static UnknownFieldSet truth(int field) {
        return UnknownFieldSet.newBuilder()
                .addField(field, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
    }

    private static ByteString bytes(TraceId id) {
        return ByteString.copyFrom(
                ByteBuffer.allocate(16).putLong(id.high()).putLong(id.low()).flip());
    }

    private static ByteString bytes(long id) {
        return ByteString.copyFrom(ByteBuffer.allocate(8).putLong(id).flip());
    }

    private static Timestamp timestamp(String text) {
        return Timestamp.newBuilder().setSeconds(Instant.parse(text).getEpochSecond()).build();
    }

    private static Timestamp nanos(int nanos) {
        return Timestamp.newBuilder().setNanos(nanos).build();
    }

    private static Duration millis(int millis) {
        return Duration.newBuilder().setNanos(millis * 1_000_000).build();
    }
}
