package dev.millrace.verification;

import dev.millrace.model.Slice;
import dev.millrace.model.Trace;
import dev.millrace.traceql.Query;
import dev.millrace.traceql.TraceQlException;
import dev.millrace.wire.jaeger.JaegerDecoder;
import dev.millrace.wire.jaeger.JaegerFormat;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.OtlpJson;
import dev.millrace.wire.otlp.SpanLimits;
import dev.millrace.wire.otlp.TraceSplitter;
import dev.millrace.wire.zipkin.ZipkinDecoder;
import dev.millrace.wire.zipkin.ZipkinFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// A way that bytes from outside take into Millrace, tried as a whole: spans are translated to
/// OTLP, split by trace, and read again by whoever looks at the trace; a question is read and
/// asked.
enum EdgeDecoder {
    OTLP_PROTOBUF {
        @Override
        Slice traces(Slice body) {
            return body;
        }
    },
    OTLP_JSON {
        @Override
        Slice traces(Slice body) {
            return new OtlpJson(MAX_BYTES).traces(body);
        }
    },
    ZIPKIN_JSON_V1 {
        @Override
        Slice traces(Slice body) {
            return zipkin(ZipkinFormat.JSON_V1, body);
        }
    },
    ZIPKIN_JSON_V2 {
        @Override
        Slice traces(Slice body) {
            return zipkin(ZipkinFormat.JSON_V2, body);
        }
    },
    ZIPKIN_PROTOBUF {
        @Override
        Slice traces(Slice body) {
            return zipkin(ZipkinFormat.PROTOBUF, body);
        }
    },
    ZIPKIN_THRIFT {
        @Override
        Slice traces(Slice body) {
            return zipkin(ZipkinFormat.THRIFT, body);
        }
    },
    JAEGER_POST_SPANS {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.POST_SPANS, body);
        }
    },
    JAEGER_SPAN_PROTO {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.SPAN_PROTO, body);
        }
    },
    JAEGER_SPAN_JSON {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.SPAN_JSON, body);
        }
    },
    JAEGER_BATCH_BINARY {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.BATCH_BINARY, body);
        }
    },
    JAEGER_BATCH_COMPACT {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.BATCH_COMPACT, body);
        }
    },
    JAEGER_AGENT_BINARY {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.AGENT_BINARY, body);
        }
    },
    JAEGER_AGENT_COMPACT {
        @Override
        Slice traces(Slice body) {
            return jaeger(JaegerFormat.AGENT_COMPACT, body);
        }
    },
    TRACEQL {
        @Override
        Slice traces(Slice body) {
            throw new UnsupportedOperationException("a question is no spans");
        }

        @Override
        int take(byte[] body) {
            try {
                return Query.parse(new String(body, StandardCharsets.UTF_8))
                        .select(Asked.TRACE, 0, Long.MAX_VALUE, Integer.MAX_VALUE)
                        .size();
            } catch (TraceQlException e) {
                return refused(e);
            }
        }
    };

    /// The most that may come out of a body, bytes.
    static final int MAX_BYTES = 1 << 20;

    /// The longest body tried, bytes.
    static final int MAX_BODY = 1 << 16;

    private static final long NOW = 1_790_000_000_000_000_000L;

    // Any start time, so that spans are not rejected before they are looked at.
    private static final SpanLimits LIMITS =
            new SpanLimits(Long.MAX_VALUE >> 1, Long.MAX_VALUE >> 1, 4 << 10);

    abstract Slice traces(Slice body);

    /// Takes a body in.
    ///
    /// @return how many spans were taken in, or sets of them selected; -1 when the body was refused
    /// @throws RuntimeException for a body that should have been refused in words
    int take(byte[] body) {
        Slice traces;
        try {
            traces = traces(Slice.of(body));
            if (traces.length() > MAX_BYTES) {
                throw new IllegalStateException(traces.length() + " bytes came out");
            }
            var split = new TraceSplitter(LIMITS).split(traces, NOW);
            split.chunks().forEach(chunk -> OtlpDecoder.spans(chunk.body()));
            return split.accepted();
        } catch (MalformedSpansException e) {
            return refused(e);
        }
    }

    private static int refused(RuntimeException refusal) {
        String message = refusal.getMessage();
        if (message == null || message.isBlank()) {
            throw new IllegalStateException("refused without a word", refusal);
        }
        return -1;
    }

    /// What questions are asked of.
    private static final class Asked {

        private static final Trace TRACE = trace();

        private static Trace trace() {
            try {
                var spans = OtlpDecoder.spans(Slice.of(OTLP_PROTOBUF.example()));
                return new Trace(spans.getFirst().traceId(), spans);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// A small body that is taken in.
    byte[] example() throws IOException {
        String name = "fuzz/" + word();
        try (var in = EdgeDecoder.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + ": missing (expected: an example body)");
            }
            return in.readAllBytes();
        }
    }

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Slice zipkin(ZipkinFormat format, Slice body) {
        return new ZipkinDecoder(MAX_BYTES).traces(format, body, NOW);
    }

    private static Slice jaeger(JaegerFormat format, Slice body) {
        return new JaegerDecoder(MAX_BYTES).traces(format, body, NOW);
    }
}
