package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.storage.api.Cursor;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import dev.millrace.storage.kafka.DependenciesQuestion.Minutes;
import dev.millrace.storage.kafka.FoundTraces.Found;
import dev.millrace.storage.kafka.PeerProtocol.Asked;
import dev.millrace.storage.kafka.Question.Encoded;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What instances say arrives as it was meant.
final class PeerProtocolTest {

    /// Every character that is something else to a path, a query, a form, a quoted text or UTF-8.
    static final String ANY_CHARACTERS =
            "a&b=c+d%2Be f\"g'h\\i\nj\tk\u0000l|m/n?o#p{q}r[s]\u00e9\u4e16\ud83d\ude80;,\u2028";

    private static final Tenant TENANT = new Tenant("some.one_2-3");

    static Stream<Question<?>> questions() {
        return Stream.of(
                new TraceQuestion(TENANT, trace(1)),
                new PieceQuestion(TENANT, trace(2), Optional.empty()),
                new PieceQuestion(TENANT, trace(3), Optional.of(ANY_CHARACTERS)),
                new VersionQuestion(TENANT, trace(4)),
                new SearchQuestion(TENANT, TraceSearch.builder().build()),
                new SearchQuestion(
                        TENANT,
                        TraceSearch.builder()
                                .service(ANY_CHARACTERS)
                                .operation("")
                                .kind(SpanKind.CONSUMER)
                                .status(Status.Code.ERROR)
                                .attributes(
                                        List.of(
                                                new AttributeMatch(ANY_CHARACTERS, ""),
                                                new AttributeMatch("", ANY_CHARACTERS)))
                                .duration(1, Long.MAX_VALUE - 1)
                                .start(Long.MIN_VALUE, TIME)
                                .limit(TraceSearch.MAX_LIMIT)
                                .after(new Cursor(Long.MIN_VALUE, trace(5)))
                                .build()),
                new ServicesQuestion(TENANT),
                new OperationsQuestion(TENANT, ANY_CHARACTERS),
                new DependenciesQuestion(TENANT, Long.MIN_VALUE, Long.MAX_VALUE));
    }

    @ParameterizedTest
    @MethodSource("questions")
    void readsAQuestionAsItWasAsked(Question<?> question) {
        // Given
        var asked =
                new Asked(ANY_CHARACTERS, List.of(0, 99, 7), Duration.ofMillis(9_999), question);

        // When
        var read = Asked.read(question.name(), Slice.of(asked.write()));

        // Then
        assertThat(read).isEqualTo(asked);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"topic\":1}",
                "{\"topic\":\"t\",\"partitions\":[\"x\"],\"patience\":1,\"tenant\":\"t\",\"trace\":\"1\"}",
                "{\"topic\":\"t\",\"partitions\":[0],\"patience\":1,\"tenant\":\"a b\",\"trace\":\"1\"}",
                "{\"topic\":\"t\",\"partitions\":[0],\"patience\":1,\"tenant\":\"t\",\"trace\":\"x\"}",
                "{\"topic\":\"t\",\"partitions\":[99999999999],\"patience\":1,\"tenant\":\"t\",\"trace\":\"1\"}"
            })
    void refusesWhatIsNoQuestion(String text) {
        assertThatThrownBy(() -> Asked.read("trace", Slice.of(text.getBytes(UTF_8))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void goesOnWhereALargeAnswerEnded() {
        // Given
        var all =
                LongStream.rangeClosed(1, 9)
                        .mapToObj(i ->
                                new Found(
                                        new Cursor(TIME - i, trace(i)),
                                        new Trace(
                                                trace(i),
                                                List.of(span(trace(i), 1, TIME - i).build())),
                                        i == 2))
                        .toList();
        var question = new SearchQuestion(TENANT, TraceSearch.builder().build());
        long one =
                SearchQuestion.encoded(new FoundTraces(all, Optional.empty()), 0)
                        .bodies()
                        .getFirst()
                        .length();

        // When
        var read = new ArrayList<Found>();
        var rest = new FoundTraces(all, Optional.empty());
        int answers = 0;
        while (true) {
            var reply = sent(question, SearchQuestion.encoded(rest, 2 * one));
            read.addAll(reply.found());
            answers++;
            if (reply.next().isEmpty()) {
                break;
            }
            assertThat(reply.next()).contains(read.getLast().at());
            rest = new FoundTraces(all.subList(read.size(), all.size()), Optional.empty());
        }

        // Then
        assertThat(read).isEqualTo(all);
        assertThat(answers).isEqualTo(5);
    }

    @Test
    void endsALargeAnswerOfFiguresWithAWholeMinute() {
        // Given: three partitions have figures of each minute.
        var all = new ArrayList<DependencyMinute>();
        for (long minute = 10; minute < 13; minute++) {
            for (int partition = 0; partition < 3; partition++) {
                var link = new Dependency("web", "shop " + partition, Connection.PLAIN);
                all.add(
                        new DependencyMinute(
                                TENANT,
                                minute,
                                partition,
                                minute * 7,
                                List.of(
                                        new DependencyDelta.Entry(
                                                minute, link, Figures.ofCalls(minute)))));
            }
        }
        var question = new DependenciesQuestion(TENANT, 0, 100);

        // When
        var first =
                sent(question, DependenciesQuestion.encoded(new Minutes(all, Optional.empty()), 1));

        // Then
        assertThat(first.minutes()).isEqualTo(all.subList(0, 3));
        assertThat(first.next()).contains(11L);
    }

    @Test
    void saysOfAnAnswerOnlyWhatIsAskedForWhereAnotherHasAnsweredForTheRest() {
        // Given
        int count = 5;
        var found =
                LongStream.rangeClosed(1, 40)
                        .mapToObj(i ->
                                new Found(
                                        new Cursor(TIME - i, trace(i)),
                                        new Trace(
                                                trace(i),
                                                List.of(span(trace(i), 1, TIME - i).build())),
                                        false))
                        .toList();
        var answer = new FoundTraces(found, Optional.of(found.getLast().at()));
        var question = new SearchQuestion(TENANT, TraceSearch.builder().build());

        // When
        var some =
                question.only(
                        answer,
                        partition -> partition == 2,
                        id -> Placement.BY_ID.partition(id, count));

        // Then
        assertThat(some.found())
                .isNotEmpty()
                .containsExactlyElementsOf(
                        found.stream()
                                .filter(each ->
                                        Placement.BY_ID.partition(each.trace().traceId(), count)
                                                == 2)
                                .toList());
        assertThat(some.next()).isEqualTo(answer.next());
    }

    @Test
    void namesWhatIsWrongWithAnAnswerThatIsNone() {
        var question = new ServicesQuestion(TENANT);
        assertThatThrownBy(() -> PeerProtocol.reply(question, new byte[2]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PeerProtocol.reply(question, "<html></html>".getBytes(UTF_8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("13 bytes");
    }

    @Test
    void tellsAFailureOfEveryKind() {
        for (var kind : Kind.values()) {
            // When
            var read = PeerProtocol.failure(PeerProtocol.failure(kind, ANY_CHARACTERS));

            // Then
            assertThat(read)
                    .isInstanceOf(StoreException.class)
                    .hasMessage(ANY_CHARACTERS)
                    .extracting(StoreException::kind)
                    .isEqualTo(kind);
        }
    }

    private static <A> A sent(Question<A> question, Encoded encoded) {
        var nothing = new Share(new NoPartitions(), List.of(), () -> false);
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(PeerProtocol.head(nothing, encoded));
        for (var body : encoded.bodies()) {
            bytes.write(body.array(), body.offset(), body.length());
        }
        return PeerProtocol.reply(question, bytes.toByteArray()).answer();
    }

    private record NoPartitions() implements Partitions {

        @Override
        public int count() {
            return 0;
        }

        @Override
        public Owners owners(int partition) {
            return new Owners(Optional.empty(), List.of());
        }

        @Override
        public Optional<Held> here(int partition) {
            return Optional.empty();
        }
    }
}
