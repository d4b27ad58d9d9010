package dev.millrace.analysis;

import static dev.millrace.analysis.Connection.DATABASE;
import static dev.millrace.analysis.Connection.MESSAGING;
import static dev.millrace.analysis.Connection.PLAIN;
import static dev.millrace.analysis.Connection.VIRTUAL;
import static dev.millrace.analysis.Traces.ERROR;
import static dev.millrace.analysis.Traces.ID;
import static dev.millrace.analysis.Traces.MILLI;
import static dev.millrace.analysis.Traces.START;
import static dev.millrace.analysis.Traces.attributes;
import static dev.millrace.analysis.Traces.built;
import static dev.millrace.analysis.Traces.links;
import static dev.millrace.analysis.Traces.span;
import static dev.millrace.model.SpanKind.CLIENT;
import static dev.millrace.model.SpanKind.CONSUMER;
import static dev.millrace.model.SpanKind.INTERNAL;
import static dev.millrace.model.SpanKind.PRODUCER;
import static dev.millrace.model.SpanKind.SERVER;
import static dev.millrace.model.SpanKind.UNSPECIFIED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Attributes;
import dev.millrace.model.Link;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkRulesTest {

    @Test
    void aServerSpanBelowAClientSpanIsACall() {
        assertThat(links(span("shop", CLIENT, 1, 9), span("stock", SERVER, 2, 1)))
                .containsOnlyKeys(new Dependency("shop", "stock", PLAIN));
    }

    @Test
    void aCallTakesAsLongAsItsCallerWaits() {
        // When
        var links =
                links(
                        span("shop", CLIENT, 1, 9).time(START, START + 100 * MILLI),
                        span("stock", SERVER, 2, 1));

        // Then
        assertThat(
                        links.getOrDefault(new Dependency("shop", "stock", PLAIN), Traces.NONE)
                                .durations()
                                .quantile(1))
                .isBetween(98 * MILLI, 102 * MILLI);
    }

    @Test
    void aCallFailsWhenEitherHalfDoes() {
        // Given
        var call = new Dependency("shop", "stock", PLAIN);

        // When, then
        assertThat(links(span("shop", CLIENT, 1, 9).status(ERROR), span("stock", SERVER, 2, 1)))
                .extractingByKey(call)
                .extracting(Figures::errors)
                .isEqualTo(1.0);
        assertThat(links(span("shop", CLIENT, 1, 9), span("stock", SERVER, 2, 1).status(ERROR)))
                .extractingByKey(call)
                .extracting(Figures::errors)
                .isEqualTo(1.0);
    }

    @Test
    void halvesThatShareAnIdAreACallAsZipkinHasIt() {
        // When: what the shared server half does next lies below the same id.
        var links =
                links(
                        span("shop", SERVER, 1, 9),
                        span("shop", CLIENT, 2, 1),
                        span("stock", SERVER, 2, 1),
                        span("stock", CLIENT, 3, 2),
                        span("price", SERVER, 3, 2));

        // Then
        assertThat(links)
                .containsOnlyKeys(
                        new Dependency("shop", "stock", PLAIN),
                        new Dependency("stock", "price", PLAIN))
                .allSatisfy((_, figures) -> assertThat(figures.calls()).isEqualTo(1));
    }

    @Test
    void aServerHalfWhoseClientHalfIsMissingIsCalledByTheSpanAbove() {
        assertThat(links(span("shop", SERVER, 1, 9), span("stock", SERVER, 2, 1)))
                .containsOnlyKeys(new Dependency("shop", "stock", PLAIN));
    }

    @Test
    void aServiceThatCallsItselfIsALink() {
        assertThat(links(span("shop", CLIENT, 1, 9), span("shop", SERVER, 2, 1)))
                .containsOnlyKeys(new Dependency("shop", "shop", PLAIN));
    }

    @Test
    void spansOfOneServiceAreNoCall() {
        assertThat(
                        links(
                                span("shop", SERVER, 1, 9),
                                span("shop", INTERNAL, 2, 1),
                                span("shop", SERVER, 3, 2)))
                .isEmpty();
    }

    @Test
    void spansWithoutAKindAreACallWhereTheServiceChangesAsJaegerHasIt() {
        assertThat(links(span("shop", UNSPECIFIED, 1, 0), span("stock", UNSPECIFIED, 2, 1)))
                .containsOnlyKeys(new Dependency("shop", "stock", PLAIN));
    }

    @Test
    void everyServerBelowAClientIsACall() {
        // When: a call that was tried again.
        var links =
                links(
                        span("shop", CLIENT, 1, 9),
                        span("stock", SERVER, 2, 1),
                        span("stock", SERVER, 3, 1));

        // Then
        assertThat(links.getOrDefault(new Dependency("shop", "stock", PLAIN), Traces.NONE).calls())
                .isEqualTo(2);
    }

    @Test
    void aConsumerBelowAProducerIsLinkedByMessages() {
        // When
        var links =
                links(
                        span("shop", PRODUCER, 1, 9),
                        span("mail", CONSUMER, 2, 1).time(START + 50 * MILLI, START + 60 * MILLI));

        // Then: from the start of the one to the start of the other.
        var link = new Dependency("shop", "mail", MESSAGING);
        assertThat(links).containsOnlyKeys(link);
        assertThat(links.getOrDefault(link, Traces.NONE).durations().quantile(1))
                .isBetween(49 * MILLI, 51 * MILLI);
    }

    @Test
    void aConsumerThatLinksToAProducerOfItsTraceIsLinkedByMessages() {
        assertThat(
                        links(
                                span("shop", PRODUCER, 1, 9)
                                        .attributes(attributes("messaging.system", "kafka"), 0),
                                span("mail", CONSUMER, 2, 0).links(List.of(link(ID, 1)), 0)))
                .containsOnlyKeys(new Dependency("shop", "mail", MESSAGING));
    }

    @Test
    void aConsumerThatLinksToAnotherTraceIsLinkedToWhatCarriesItsMessages() {
        assertThat(
                        links(
                                span("mail", CONSUMER, 2, 0)
                                        .attributes(attributes("messaging.system", "kafka"), 0)
                                        .links(List.of(link(new TraceId(8, 8), 1)), 0)))
                .containsOnlyKeys(new Dependency("kafka", "mail", MESSAGING));
    }

    @Test
    void aProducerWithoutAConsumerIsLinkedToWhatCarriesItsMessages() {
        assertThat(
                        links(
                                span("shop", PRODUCER, 1, 0)
                                        .attributes(attributes("messaging.system", "kafka"), 0)))
                .containsOnlyKeys(new Dependency("shop", "kafka", MESSAGING));
    }

    @ParameterizedTest
    @CsvSource({
        "peer.service, legacy, VIRTUAL",
        "server.address, api.example, VIRTUAL",
        "net.peer.name, api.example, VIRTUAL",
        "db.system.name, postgresql, DATABASE",
        "db.system, redis, DATABASE",
        "db.namespace, orders, DATABASE",
        "db.name, orders, DATABASE",
        "messaging.system, rabbitmq, MESSAGING"
    })
    void aClientWithoutAServerIsLinkedToThePeerItNames(
            String key, String peer, Connection connection) {
        assertThat(links(span("shop", CLIENT, 1, 9).attributes(attributes(key, peer), 0)))
                .containsOnlyKeys(new Dependency("shop", peer, connection));
    }

    @Test
    void aPeersNameComesBeforeItsDatabaseAndThatBeforeItsAddress() {
        // Given
        var named =
                attributes(
                        "server.address", "10.0.0.7",
                        "db.system.name", "postgresql",
                        "db.namespace", "orders",
                        "peer.service", "orders-db");
        var unnamed =
                attributes(
                        "server.address", "10.0.0.7",
                        "db.system.name", "postgresql",
                        "db.namespace", "orders");

        // When, then
        assertThat(links(span("shop", CLIENT, 1, 9).attributes(named, 0)))
                .containsOnlyKeys(new Dependency("shop", "orders-db", DATABASE));
        assertThat(links(span("shop", CLIENT, 1, 9).attributes(unnamed, 0)))
                .containsOnlyKeys(new Dependency("shop", "orders", DATABASE));
    }

    @Test
    void aDatabaseWithANumberForANameIsCalledByItsSystem() {
        assertThat(
                        links(
                                span("shop", CLIENT, 1, 9)
                                        .attributes(
                                                attributes(
                                                        "db.namespace", "0",
                                                        "db.system.name", "redis"),
                                                0)))
                .containsOnlyKeys(new Dependency("shop", "redis", DATABASE));
    }

    @Test
    void aPeerThatSendsSpansIsCalledByItsOwnName() {
        assertThat(
                        links(
                                span("shop", CLIENT, 1, 9)
                                        .attributes(attributes("server.address", "stock.svc"), 0),
                                span("stock", SERVER, 2, 1)))
                .containsOnlyKeys(new Dependency("shop", "stock", PLAIN));
    }

    @Test
    void aClientBelowAnotherServiceIsCalledAndCalls() {
        assertThat(
                        links(
                                span("shop", CLIENT, 1, 9),
                                span("stock", CLIENT, 2, 1)
                                        .attributes(attributes("db.system", "mysql"), 0)))
                .containsOnlyKeys(
                        new Dependency("shop", "stock", PLAIN),
                        new Dependency("stock", "mysql", DATABASE));
    }

    @Test
    void aClientThatNamesNoPeerIsLinkedToNothing() {
        assertThat(links(span("shop", CLIENT, 1, 9))).isEmpty();
    }

    @Test
    void aClientWithinAClientMakesTheCall() {
        assertThat(
                        links(
                                span("shop", CLIENT, 1, 9)
                                        .attributes(attributes("peer.service", "sdk"), 0),
                                span("shop", CLIENT, 2, 1)
                                        .attributes(attributes("server.address", "s3"), 0)))
                .containsOnlyKeys(new Dependency("shop", "s3", VIRTUAL));
    }

    @Test
    void aServerSpanAtTheRootIsCalledByAUser() {
        assertThat(links(span("shop", SERVER, 1, 0)))
                .containsOnlyKeys(new Dependency("user", "shop", VIRTUAL));
    }

    @Test
    void aServerSpanWhoseParentIsMissingIsCalledByNobodyKnown() {
        assertThat(links(span("shop", SERVER, 1, 9))).isEmpty();
    }

    @Test
    void aServerSpanThatNamesItsPeerIsCalledByThatAsZipkinHasIt() {
        assertThat(
                        links(
                                span("shop", SERVER, 1, 9)
                                        .attributes(attributes("peer.service", "legacy"), 0)))
                .containsOnlyKeys(new Dependency("legacy", "shop", VIRTUAL));
    }

    @Test
    void halvesInDifferentPartsOfATraceFindEachOther() {
        // Given
        var figures = Traces.analysis().partition();

        // When
        Traces.show(
                figures,
                Tenant.DEFAULT,
                false,
                built(span("stock", SERVER, 2, 1)),
                built(
                        span("shop", CLIENT, 1, 9)
                                .attributes(attributes("server.address", "stock.svc"), 0)));

        // Then
        assertThat(links(Traces.take(figures)))
                .containsOnlyKeys(new Dependency("shop", "stock", PLAIN));
    }

    @Test
    void spansBeyondTheBoundCountButAreLinkedToNothing() {
        // Given
        var analysis = new Analysis(new AnalysisConfig(100, 100, 100, 2, false), SpanWeight.ONE);
        var figures = analysis.partition();

        // When
        Traces.show(
                figures,
                Tenant.DEFAULT,
                false,
                built(span("a", CLIENT, 1, 9), span("b", SERVER, 2, 1)),
                built(span("b", CLIENT, 3, 2), span("c", SERVER, 4, 3)));

        // Then
        var all = Traces.take(figures);
        assertThat(links(all)).containsOnlyKeys(new Dependency("a", "b", PLAIN));
        assertThat(all.getOrDefault(new Operation("c", "step", SERVER), Traces.NONE).seen())
                .isOne();
        assertThat(analysis.takeUnlinked()).isEqualTo(2);
    }

    private static Link link(TraceId traceId, long span) {
        return new Link(traceId, new SpanId(span), "", 0, Attributes.EMPTY, 0);
    }

    @Test
    void aTraceShownAnewIsNotMixedWithOneThatDidNotEnd() {
        // Given
        var figures = Traces.analysis().partition();
        Span given = span("ghost", CLIENT, 1, 9).build();
        figures.begin(Tenant.DEFAULT, ID);
        var index = new dev.millrace.wire.otlp.SpanIndex();
        index.add(ID, dev.millrace.wire.otlp.OtlpEncoder.encode(List.of(given)));
        figures.observe(index, new int[] {0});

        // When
        Traces.show(figures, span("shop", SERVER, 2, 1));

        // Then
        assertThat(Traces.take(figures)).containsOnlyKeys(new Operation("shop", "step", SERVER));
    }
}
