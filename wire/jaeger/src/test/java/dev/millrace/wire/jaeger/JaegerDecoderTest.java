package dev.millrace.wire.jaeger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import io.jaegertracing.agent.thrift.Agent;
import io.jaegertracing.thriftjava.Batch;
import io.jaegertracing.thriftjava.Log;
import io.jaegertracing.thriftjava.Process;
import io.jaegertracing.thriftjava.SpanRef;
import io.jaegertracing.thriftjava.SpanRefType;
import io.jaegertracing.thriftjava.Tag;
import io.jaegertracing.thriftjava.TagType;
import java.util.Arrays;
import java.util.List;
import org.apache.thrift.TException;
import org.apache.thrift.TSerializer;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TProtocolFactory;
import org.apache.thrift.transport.TMemoryBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Thrift as Jaeger's own client writes it.
final class JaegerDecoderTest {

    private static final long MICROS = 1_790_000_000_000_000L;
    private static final long NOW = 1;
    private static final int CLIENT_ERROR = 404;

    /// The ways Jaeger's client sends a batch.
    enum Sender {
        BATCH_BINARY(JaegerFormat.BATCH_BINARY, false),
        BATCH_COMPACT(JaegerFormat.BATCH_COMPACT, false),
        AGENT_BINARY(JaegerFormat.AGENT_BINARY, true),
        AGENT_COMPACT(JaegerFormat.AGENT_COMPACT, true);

        private final JaegerFormat format;
        private final boolean message;

        Sender(JaegerFormat format, boolean message) {
            this.format = format;
            this.message = message;
        }

        private TProtocolFactory protocol() {
            return switch (this) {
                case BATCH_BINARY, AGENT_BINARY -> new TBinaryProtocol.Factory();
                case BATCH_COMPACT, AGENT_COMPACT -> new TCompactProtocol.Factory();
            };
        }

        byte[] write(Batch batch) throws TException {
            if (!message) {
                return new TSerializer(protocol()).serialize(batch);
            }
            var buffer = new TMemoryBuffer(1_024);
            new Agent.Client(protocol().getProtocol(buffer)).emitBatch(batch);
            return Arrays.copyOf(buffer.getArray(), buffer.length());
        }

        List<Span> decode(byte[] bytes) {
            return OtlpDecoder.spans(
                    new JaegerDecoder(1 << 20).traces(format, Slice.of(bytes), NOW));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBatchOfItsClientIsRead(Sender sender) throws TException {
        // Given
        var span = span(0x11L);
        span.addToReferences(new SpanRef(SpanRefType.CHILD_OF, 2, 1, 0x22));
        span.addToReferences(new SpanRef(SpanRefType.FOLLOWS_FROM, 4, 3, 0x33));
        span.addToTags(text("span.kind", "server"));
        span.addToTags(bool("error", true));
        span.addToTags(number("http.status_code", 500));
        span.addToTags(new Tag("share", TagType.DOUBLE).setVDouble(0.25));
        span.addToTags(new Tag("raw", TagType.BINARY).setVBinary(new byte[] {0, -1}));
        span.addToTags(bool("fresh", false));
        span.addToLogs(
                new Log(MICROS + 1_000, List.of(text("event", "retry"), text("why", "slow"))));
        var process = new Process("shop");
        process.addToTags(text("hostname", "web-1"));

        // When
        var spans = sender.decode(sender.write(new Batch(process, List.of(span))));

        // Then
        assertThat(spans).hasSize(1);
        var read = spans.getFirst();
        assertThat(read.traceId()).isEqualTo(new TraceId(1, 2));
        assertThat(read.spanId()).isEqualTo(new SpanId(0x11));
        assertThat(read.parentSpanId()).isEqualTo(new SpanId(0x22));
        assertThat(read.name()).isEqualTo("GET /cart");
        assertThat(read.kind()).isEqualTo(SpanKind.SERVER);
        assertThat(read.startNanos()).isEqualTo(MICROS * 1_000);
        assertThat(read.durationNanos()).isEqualTo(12_345_000);
        assertThat(read.status().code()).isEqualTo(Status.Code.ERROR);
        assertThat(read.serviceName()).isEqualTo("shop");
        assertThat(read.resource().attributes().find("host.name"))
                .contains(new AttributeValue.Text("web-1"));
        assertThat(read.attributes().find("http.status_code"))
                .contains(new AttributeValue.Int(500));
        assertThat(read.attributes().find("share")).contains(new AttributeValue.Real(0.25));
        assertThat(read.attributes().find("raw"))
                .contains(new AttributeValue.Bytes(Slice.of(new byte[] {0, -1})));
        assertThat(read.attributes().find("fresh")).contains(new AttributeValue.Bool(false));
        assertThat(read.links()).hasSize(1);
        assertThat(read.links().getFirst().traceId()).isEqualTo(new TraceId(3, 4));
        assertThat(read.links().getFirst().spanId()).isEqualTo(new SpanId(0x33));
        var event = read.events().getFirst();
        assertThat(event.name()).isEqualTo("retry");
        assertThat(event.timeNanos()).isEqualTo((MICROS + 1_000) * 1_000);
        assertThat(event.attributes().find("why")).contains(new AttributeValue.Text("slow"));
    }

    @ParameterizedTest
    @EnumSource
    void manySpansShareTheirProcess(Sender sender) throws TException {
        var batch = new Batch(new Process("shop"), List.of(span(1), span(2), span(3)));

        var spans = sender.decode(sender.write(batch));

        assertThat(spans).extracting(Span::spanId).hasSize(3).doesNotHaveDuplicates();
        assertThat(spans).extracting(Span::serviceName).containsOnly("shop");
    }

    @ParameterizedTest
    @EnumSource
    void aBatchThatIsCutShortIsRefused(Sender sender) throws TException {
        byte[] whole = sender.write(new Batch(new Process("shop"), List.of(span(1))));
        for (int length = 1; length < whole.length - 1; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> sender.decode(cut))
                    .as("%s of %s bytes", length, whole.length)
                    .isInstanceOf(MalformedSpansException.class);
        }
    }

    @Test
    void whatFollowsFromASpanOfItsTraceIsItsChildWhenItHasNoOtherParent() throws TException {
        // Given
        var span = span(1).setParentSpanId(0);
        span.addToReferences(new SpanRef(SpanRefType.FOLLOWS_FROM, 2, 1, 0x33));
        var sender = Sender.BATCH_BINARY;

        // When
        var read =
                sender.decode(sender.write(new Batch(new Process("shop"), List.of(span))))
                        .getFirst();

        // Then
        assertThat(read.parentSpanId()).isEqualTo(new SpanId(0x33));
        assertThat(read.links()).hasSize(1);
    }

    @Test
    void anAgentsMessageWithoutABatchIsRefused() {
        // A call of emitBatch whose arguments end at once.
        byte[] empty = {
            (byte) 0x80,
            1,
            0,
            4,
            0,
            0,
            0,
            9,
            'e',
            'm',
            'i',
            't',
            'B',
            'a',
            't',
            'c',
            'h',
            0,
            0,
            0,
            1,
            0
        };
        assertThatThrownBy(() -> Sender.AGENT_BINARY.decode(empty))
                .isInstanceOf(MalformedSpansException.class)
                .hasMessageContaining("without a batch");
    }

    @Test
    void aClientsHttpErrorIsAnErrorAndAServersIsNot() throws TException {
        assertThat(status("client")).isEqualTo(Status.Code.ERROR);
        assertThat(status("server")).isEqualTo(Status.Code.UNSET);
    }

    private static Status.Code status(String kind) throws TException {
        var span = span(1);
        span.addToTags(text("span.kind", kind));
        span.addToTags(number("http.status_code", CLIENT_ERROR));
        var sender = Sender.BATCH_COMPACT;
        return sender.decode(sender.write(new Batch(new Process("shop"), List.of(span))))
                .getFirst()
                .status()
                .code();
    }

    private static io.jaegertracing.thriftjava.Span span(long id) {
        return new io.jaegertracing.thriftjava.Span(2, 1, id, 0x22, "GET /cart", 1, MICROS, 12_345);
    }

    private static Tag text(String key, String value) {
        return new Tag(key, TagType.STRING).setVStr(value);
    }

    private static Tag bool(String key, boolean value) {
        return new Tag(key, TagType.BOOL).setVBool(value);
    }

    private static Tag number(String key, long value) {
        return new Tag(key, TagType.LONG).setVLong(value);
    }
}
