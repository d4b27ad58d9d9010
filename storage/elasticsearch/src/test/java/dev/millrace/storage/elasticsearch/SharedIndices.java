package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.ByteSize;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Refresh;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import dev.millrace.testkit.search.SearchServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Indices that a Jaeger uses too, on either server.
abstract class SharedIndices {

    private static final long MINUTE = TIME / (60 * SECOND);

    private final OnServer onServer;
    private final ElasticsearchStore store;
    private final String templates;

    /// @param templates where the server has its templates
    SharedIndices(SearchServer.Kind kind, String templates) {
        this.templates = templates;
        onServer = new OnServer(SearchServer.shared(kind), "shared");
        store = OnServer.started(onServer.config());
    }

    @AfterEach
    void close() {
        store.close();
        onServer.close();
    }

    private void jaegerWrites(String kind, String document) {
        try {
            var answer =
                    onServer.server()
                            .request(
                                    "POST",
                                    "/shared-jaeger-" + kind + "-2026-09-01/_doc?refresh=true",
                                    Json.MAPPER.readTree(document).toString());
            assertThat(answer).contains("\"result\":\"created\"");
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode ask(String path) {
        try {
            return Json.MAPPER.readTree(onServer.server().request("GET", path, ""));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void findsWhatJaegerWroteInWhateverForm() {
        // Given: tags in a list, tags in fields, an id of 64 bits, all values text
        jaegerWrites(
                "span",
                SpanSourceTest.document(
                        """
                        , "tags": [
                          {"key": "span.kind", "type": "string", "value": "server"},
                          {"key": "http.status_code", "type": "int64", "value": 500},
                          {"key": "ratio", "type": "float64", "value": 100},
                          {"key": "error", "type": "bool", "value": true}],
                        "logs": [{"timestamp": 1788265200000200, "fields": [
                          {"key": "event", "type": "string", "value": "retry"},
                          {"key": "attempt", "type": "int64", "value": 2}]}]
                        """));
        jaegerWrites(
                "span",
                SpanSourceTest.document(
                        """
                        , "traceID": "8448eb211c80319c", "spanID": "00f067aa0ba902b7",
                        "startTime": 1788265201000000,
                        "tag": {"span@kind": "server", "http@status_code": 500, "error": true,
                                "ratio": 100.0}
                        """));
        jaegerWrites(
                "span",
                SpanSourceTest.document(
                        """
                        , "traceID": "8448eb211c80319c", "spanID": "00f067aa0ba902b8",
                        "startTime": 1788265202000000,
                        "process": {"serviceName": "bank",
                                    "tags": [{"key": "pod", "type": "string", "value": "p1"}]},
                        "tags": [
                          {"key": "error", "type": "bool", "value": "true"},
                          {"key": "http.status_code", "type": "int64", "value": "500"}]
                        """));
        var wide = TraceId.parse("0af7651916cd43dd8448eb211c80319c");
        var narrow = TraceId.parse("8448eb211c80319c");

        // When, Then
        assertThat(store.trace(Tenant.DEFAULT, wide).orElseThrow().spans()).hasSize(1);
        assertThat(store.trace(Tenant.DEFAULT, narrow).orElseThrow().spans()).hasSize(2);
        assertThat(found(shop().status(Status.Code.ERROR))).containsExactly(narrow, wide);
        assertThat(found(shop().kind(SpanKind.SERVER))).containsExactly(narrow, wide);
        assertThat(found(shop().attributes(match("http.status_code", "500"))))
                .containsExactly(narrow, wide);
        assertThat(found(shop().attributes(match("attempt", "2")))).containsExactly(wide);
        assertThat(found(shop().attributes(match("ratio", "100.0")))).containsExactly(narrow, wide);
        assertThat(found(TraceSearch.builder().service("bank").attributes(match("pod", "p1"))))
                .containsExactly(narrow);
        assertThat(found(shop().duration(4_567_000, 4_567_000))).containsExactly(narrow, wide);
        assertThat(found(shop().duration(4_567_001, Long.MAX_VALUE))).isEmpty();
    }

    @Test
    void readsATraceThatBothHavePartsOf() {
        // Given
        var traceId = TraceId.parse("0af7651916cd43dd8448eb211c80319c");
        jaegerWrites("span", SpanSourceTest.document(""));
        store.write(List.of(fragment(0, span(traceId, 1, TIME + 5))));

        // When
        var trace = store.trace(Tenant.DEFAULT, traceId).orElseThrow();

        // Then
        assertThat(trace.spans()).hasSize(2);
        assertThat(found(shop())).containsExactly(traceId);
    }

    @Test
    void showsByTheVersionOfATraceThatJaegerHasAddedToIt() {
        // Given
        var traceId = TraceId.parse("8448eb211c80319c");
        store.write(List.of(fragment(0, span(traceId, 1, TIME + 5))));
        var versions = new ArrayList<TraceVersion>();
        versions.add(store.version(Tenant.DEFAULT, traceId));

        // When: the same span twice, as a Jaeger does that sends again.
        for (int i = 0; i < 2; i++) {
            jaegerWrites("span", SpanSourceTest.document(", \"traceID\": \"8448eb211c80319c\""));
            versions.add(store.version(Tenant.DEFAULT, traceId));
        }

        // Then
        assertThat(versions)
                .doesNotHaveDuplicates()
                .extracting(TraceVersion::parts)
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void findsAtOnceWhatItWaitedForTheServerToShow() {
        // Given
        var config =
                new ElasticsearchConfig(
                        onServer.config().connection(),
                        onServer.config().indices(),
                        TagsAsFields.NONE,
                        new Writes(Refresh.WAIT, ByteSize.ofMebibytes(5)));
        try (var waiting = OnServer.started(config)) {

            // When
            waiting.write(List.of(fragment(0, span(trace(1), 1, TIME))));
            waiting.write(List.of(fragment(0, span(trace(1), 1, TIME))));

            // Then
            assertThat(found(shop())).containsExactly(trace(1));
        }
    }

    @Test
    void listsWhatBothHaveNamed() {
        // Given: "pay" is known from both, so its kind is
        jaegerWrites("service", "{\"serviceName\": \"shop\", \"operationName\": \"browse\"}");
        jaegerWrites("service", "{\"serviceName\": \"shop\", \"operationName\": \"pay\"}");
        jaegerWrites(
                "service",
                "{\"serviceName\": \"OTLPResourceNoServiceName\", \"operationName\": \"x\"}");
        jaegerWrites(
                "service",
                "{\"serviceName\": \"%s\", \"operationName\": \"y\"}".formatted("long".repeat(70)));
        store.write(List.of(fragment(0, span(trace(1), 1, TIME).name("pay"))));

        // When, Then
        assertThat(store.services(Tenant.DEFAULT))
                .containsExactly("long".repeat(70), "shop", "unknown_service");
        assertThat(store.operations(Tenant.DEFAULT, "shop"))
                .containsExactly(
                        new Operation("browse", SpanKind.UNSPECIFIED),
                        new Operation("pay", SpanKind.SERVER));
        assertThat(store.operations(Tenant.DEFAULT, "long".repeat(70))).hasSize(1);
    }

    @Test
    void addsNoFieldToIndicesThatJaegersTemplatesDoNotHave() {
        // Given
        var before = new TreeSet<String>();
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));
        fieldsOf("span", before);

        // When
        var full = SpanDocumentTest.full();
        store.write(List.of(fragment(1, full)));

        // Then
        var after = new TreeSet<String>();
        fieldsOf("span", after);
        assertThat(after).isEqualTo(before);
        assertThat(after)
                .contains(
                        "traceID:keyword",
                        "spanID:keyword",
                        "parentSpanID:keyword",
                        "operationName:keyword",
                        "startTime:long",
                        "startTimeMillis:date",
                        "duration:long",
                        "flags:integer",
                        "tags:nested",
                        "tags.key:keyword",
                        "tags.value:keyword",
                        "tags.type:keyword",
                        "scopeTags:nested",
                        "process.serviceName:keyword",
                        "process.tags:nested",
                        "references:nested",
                        "references.refType:keyword",
                        "references.traceID:keyword",
                        "references.spanID:keyword",
                        "references.traceState:keyword",
                        "references.flags:integer",
                        "references.tags:nested",
                        "logs:nested",
                        "logs.timestamp:long",
                        "logs.fields:nested",
                        "millrace:object");
        assertThat(after).noneMatch(field -> field.startsWith("millrace."));
    }

    @Test
    void keepsItsOwnFieldOutOfTheIndexWhoeverMadeTheIndex() {
        // Given: no template of ours, and a document there first
        onServer.server().request("DELETE", templates + "/shared-jaeger-span", "");
        jaegerWrites("span", SpanSourceTest.document(""));

        // When
        store.write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // Then
        var fields = new TreeSet<String>();
        fieldsOf("span", fields);
        assertThat(fields).contains("millrace:object");
        assertThat(fields).noneMatch(field -> field.startsWith("millrace."));
    }

    @Test
    void givesTagsTheirFieldsAsKeywords() {
        // Given
        var asFields = new TagsAsFields(true, Set.of(), "@");
        try (var other = OnServer.started(onServer.config(Layout.DAILY, asFields))) {

            // When
            other.write(List.of(fragment(0, SpanDocumentTest.full())));

            // Then
            var fields = new TreeSet<String>();
            fieldsOf("span", fields);
            assertThat(fields)
                    .contains(
                            "tag.http@method:keyword",
                            "tag.size:keyword",
                            "process.tag.host@name:keyword",
                            "scopeTag.flavour:keyword");
        }
    }

    private void fieldsOf(String kind, Set<String> fields) {
        String index = "shared-jaeger-" + kind + "-2026-09-01";
        collect("", ask("/" + index + "/_mapping").path(index).path("mappings"), fields);
    }

    private static void collect(String path, JsonNode mapping, Set<String> into) {
        mapping.path("properties")
                .properties()
                .forEach(field -> {
                    String name = path + field.getKey();
                    into.add(name + ":" + field.getValue().path("type").asText("object"));
                    collect(name + ".", field.getValue(), into);
                });
    }

    @Test
    void keepsFiguresOfServicesWhereJaegerLooksForThem() {
        // Given
        var figures = Figures.ofCalls(7);
        var minute =
                minute(MINUTE, 2, 40, new Dependency("web", "shop", Connection.PLAIN), figures);

        // When
        store.writeDependencies(List.of(minute));

        // Then
        var hit = ask("/shared-jaeger-dependencies-2026-09-01/_search").at("/hits/hits/0/_source");
        assertThat(hit.path("timestamp").asText()).isEqualTo("2026-09-01T12:20:00Z");
        assertThat(hit.path("dependencies"))
                .singleElement()
                .satisfies(link -> {
                    assertThat(link.path("parent").asText()).isEqualTo("web");
                    assertThat(link.path("child").asText()).isEqualTo("shop");
                    assertThat(link.path("callCount").asLong()).isEqualTo(7);
                });
        assertThat(store.dependencies(Tenant.DEFAULT, MINUTE, MINUTE + 1)).containsExactly(minute);
        assertThat(store.dependencies(Tenant.DEFAULT, MINUTE + 1, Long.MAX_VALUE)).isEmpty();
        assertThat(store.dependencies(Tenant.DEFAULT, 0, MINUTE)).isEmpty();
        assertThat(store.dependencies(new Tenant("other"), 0, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void replacesTheFiguresOfAMinuteAndAPartition() {
        // Given
        var link = new Dependency("web", "shop", Connection.PLAIN);
        var first = minute(MINUTE, 0, 5, link, Figures.ofCalls(1));
        var second = minute(MINUTE, 0, 9, link, Figures.ofCalls(3));
        var elsewhere = minute(MINUTE, 1, 2, link, Figures.ofCalls(4));
        store.writeDependencies(List.of(first, elsewhere));

        // When
        store.writeDependencies(List.of(second));

        // Then
        assertThat(store.dependencies(Tenant.DEFAULT, MINUTE, MINUTE + 1))
                .containsExactlyInAnyOrder(second, elsewhere);
    }

    @Test
    void readsDependenciesThatJaegersJobWrote() {
        // Given
        jaegerWrites(
                "dependencies",
                """
                {"timestamp": "2026-09-01T12:20:30Z", "dependencies": [
                  {"parent": "web", "child": "shop", "callCount": 12, "source": "jaeger"}]}
                """);
        jaegerWrites(
                "dependencies",
                """
                {"timestamp": "2026-09-01T12:20:45Z", "dependencies": [
                  {"parent": "web", "child": "shop", "callCount": 3, "source": "jaeger"}]}
                """);

        // When
        var minutes = store.dependencies(Tenant.DEFAULT, MINUTE, MINUTE + 1);

        // Then
        assertThat(minutes)
                .containsExactly(
                        minute(
                                MINUTE,
                                DependencyDocuments.OF_JAEGER,
                                0,
                                new Dependency("web", "shop", Connection.PLAIN),
                                Figures.ofCalls(15)));
    }

    @Test
    void readsMoreFiguresThanGoIntoOneAnswer() {
        // Given
        var link = new Dependency("web", "shop", Connection.PLAIN);
        var minutes = new ArrayList<DependencyMinute>();
        for (int i = 0; i < 700; i++) {
            minutes.add(minute(MINUTE + i / 600, i, i, link, Figures.ofCalls(i)));
        }
        store.writeDependencies(minutes);

        // When
        var read = store.dependencies(Tenant.DEFAULT, MINUTE, MINUTE + 2);

        // Then
        assertThat(read).containsExactlyInAnyOrderElementsOf(minutes);
    }

    private static DependencyMinute minute(
            long minute, int partition, long upTo, Dependency link, Figures figures) {
        return new DependencyMinute(
                Tenant.DEFAULT,
                minute,
                partition,
                upTo,
                List.of(new DependencyDelta.Entry(minute, link, figures)));
    }

    private static TraceSearch.Builder shop() {
        return TraceSearch.builder().service("shop");
    }

    private static List<AttributeMatch> match(String key, String value) {
        return List.of(new AttributeMatch(key, value));
    }

    private List<TraceId> found(TraceSearch.Builder search) {
        return StoreUnderTest.ids(store.search(Tenant.DEFAULT, search.build()).traces());
    }
}
