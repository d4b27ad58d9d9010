package dev.millrace.wire.zipkin;

import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.zipkin.V1Span.Annotation;
import dev.millrace.wire.zipkin.V1Span.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Splits v1 spans into one span for each service that took part, by the rules of Zipkin's own
/// converter, and writes them.
final class V1Converter {

    // Looking one up is linear, and each repeats the name of the span.
    private static final int MAX_HALVES = 256;

    private final SpanDraft draft;
    private final OtlpWriter out;

    private final List<V1Half> halves = new ArrayList<>();
    private @Nullable Annotation cs;
    private @Nullable Annotation cr;
    private @Nullable Annotation sr;
    private @Nullable Annotation ss;
    private @Nullable Annotation ms;
    private @Nullable Annotation mr;
    private @Nullable Annotation ws;
    private @Nullable Annotation wr;

    V1Converter(SpanDraft draft, OtlpWriter out) {
        this.draft = draft;
        this.out = out;
    }

    void write(V1Span source) {
        if (!source.hasTraceId) {
            throw new MalformedSpansException(
                    "traceId: none or all zero (expected: one in each span)");
        }
        if (source.id == 0) {
            throw new MalformedSpansException("id: none or all zero (expected: one in each span)");
        }
        halves.clear();
        halves.add(new V1Half(null));
        cs = cr = sr = ss = ms = mr = ws = wr = null;
        annotations(source);
        rpc(source);
        messaging(source);
        binaryAnnotations(source);
        for (var half : halves) {
            draft.clear();
            draft.traceIdHigh = source.traceIdHigh;
            draft.traceIdLow = source.traceIdLow;
            draft.id = source.id;
            draft.parentId = source.parentId;
            draft.debug = source.debug;
            draft.name = draft.texts.add(source.name);
            half.draft(draft);
            out.write();
        }
    }

    private void annotations(V1Span source) {
        for (var a : source.annotations) {
            var half = half(a.endpoint());
            switch (a.endpoint() == null ? "" : a.value()) {
                case "cs" -> {
                    half.kind = OtlpFields.KIND_CLIENT;
                    cs = a;
                }
                case "cr" -> {
                    half.kind = OtlpFields.KIND_CLIENT;
                    cr = a;
                }
                case "sr" -> {
                    half.kind = OtlpFields.KIND_SERVER;
                    sr = a;
                }
                case "ss" -> {
                    half.kind = OtlpFields.KIND_SERVER;
                    ss = a;
                }
                case "ms" -> {
                    half.kind = OtlpFields.KIND_PRODUCER;
                    ms = a;
                }
                case "mr" -> {
                    half.kind = OtlpFields.KIND_CONSUMER;
                    mr = a;
                }
                case "ws" -> ws = a;
                case "wr" -> wr = a;
                default -> half.annotations.add(a);
            }
        }
    }

    private void rpc(V1Span source) {
        // Tracers that think in spans sometimes leave out the annotation of the start.
        if (cs == null && cr != null && endsSpan(cr, source)) {
            cs = new Annotation(source.timestamp, "cs", cr.endpoint());
        }
        if (sr == null && ss != null && endsSpan(ss, source)) {
            sr = new Annotation(source.timestamp, "sr", ss.endpoint());
        }
        if (cs != null && sr != null) {
            sharedRpc(source, cs, sr);
        } else if (cs != null && cr != null) {
            time(source, cs, cr);
        } else if (sr != null && ss != null) {
            time(source, sr, ss);
        } else {
            incompleteRpc(source);
        }
        // v1 has no flag for it: a server that did not start the span leaves out its time.
        if (cs == null
                && sr != null
                && (source.timestamp == 0 || (ss != null && source.duration == 0))) {
            half(sr.endpoint()).shared = true;
        }
    }

    private void sharedRpc(V1Span source, Annotation send, Annotation receive) {
        time(source, send, cr);
        var client = half(send.endpoint());
        var server = other(client, OtlpFields.KIND_CLIENT, send, receive, OtlpFields.KIND_SERVER);
        server.shared = true;
        server.timestamp = receive.time();
        if (ss != null) {
            server.duration = Math.max(0, ss.time() - receive.time());
        }
        if (cr == null && source.duration == 0) {
            client.duration = 0;
        }
    }

    // A service that calls itself needs two spans as well.
    private V1Half other(V1Half first, int kind, Annotation begin, Annotation end, int otherKind) {
        var endpoint = end.endpoint();
        if (endpoint == null || !endpoint.sameService(begin.endpoint())) {
            return half(endpoint);
        }
        first.kind = kind;
        var second = new V1Half(endpoint);
        second.kind = otherKind;
        halves.add(second);
        return second;
    }

    private void incompleteRpc(V1Span source) {
        for (var half : halves) {
            if (half.kind == OtlpFields.KIND_CLIENT) {
                incomplete(half, cs, cr);
            } else if (half.kind == OtlpFields.KIND_SERVER) {
                incomplete(half, sr, ss);
            }
        }
        if (source.timestamp != 0) {
            halves.getFirst().time(source.timestamp, source.duration);
        }
    }

    private static void incomplete(
            V1Half half, @Nullable Annotation begin, @Nullable Annotation end) {
        if (begin != null) {
            half.timestamp = begin.time();
        }
        if (end != null) {
            half.annotations.add(end);
        }
    }

    private void messaging(V1Span source) {
        if (ms != null && mr != null) {
            var producer = half(ms.endpoint());
            var consumer =
                    other(producer, OtlpFields.KIND_PRODUCER, ms, mr, OtlpFields.KIND_CONSUMER);
            consumer.shared = true;
            if (wr != null) {
                consumer.time(wr.time(), mr.time() - wr.time());
            } else {
                consumer.timestamp = mr.time();
            }
            producer.time(ms.time(), ws != null ? ws.time() - ms.time() : 0);
        } else if (ms != null) {
            time(source, ms, ws);
        } else if (mr != null) {
            if (wr != null) {
                time(source, wr, mr);
            } else {
                time(source, mr, null);
            }
        } else {
            for (var wire : new Annotation[] {ws, wr}) {
                if (wire != null) {
                    half(wire.endpoint()).annotations.add(wire);
                }
            }
        }
    }

    private static boolean endsSpan(Annotation end, V1Span source) {
        return source.timestamp != 0
                && source.duration != 0
                && source.timestamp + source.duration == end.time();
    }

    private void time(V1Span source, Annotation begin, @Nullable Annotation end) {
        var half = half(begin.endpoint());
        if (source.timestamp != 0 && source.duration != 0) {
            half.time(source.timestamp, source.duration);
        } else {
            half.timestamp = begin.time();
            if (end != null) {
                half.duration = Math.max(0, end.time() - begin.time());
            }
        }
    }

    private void binaryAnnotations(V1Span source) {
        Endpoint ca = null;
        Endpoint sa = null;
        Endpoint ma = null;
        for (var b : source.binaryAnnotations) {
            boolean address = b.type() == SpanDraft.TagType.BOOL;
            switch (address ? b.key() : "") {
                case "ca" -> ca = b.endpoint();
                case "sa" -> sa = b.endpoint();
                case "ma" -> ma = b.endpoint();
                default -> {
                    // An empty "lc" only says where a local span was.
                    var half = half(b.endpoint());
                    if (!b.key().equals("lc") || address || !b.text().isEmpty()) {
                        half.tags.add(b);
                    }
                }
            }
        }
        remote(ca, sa, ma);
    }

    private void remote(@Nullable Endpoint ca, @Nullable Endpoint sa, @Nullable Endpoint ma) {
        var server = sr != null ? sr : ss;
        var client = cs != null ? cs : cr;
        if (server == null && client == null && (ca != null || sa != null)) {
            if (ca == null) {
                halves.getFirst().remote = sa;
            } else if (sa != null) {
                half(ca).remote = sa;
            } else {
                halves.getFirst().kind = OtlpFields.KIND_SERVER;
                halves.getFirst().remote = ca;
            }
            return;
        }
        if (ca != null && server != null && !ca.equals(server.endpoint())) {
            // Finagle names the server here, which would look like a service that calls itself.
            half(server.endpoint()).remote =
                    ca.sameService(server.endpoint()) ? new Endpoint("", ca.ip(), ca.port()) : ca;
        }
        if (sa != null && client != null) {
            half(client.endpoint()).remote = sa;
        }
        if (ma != null && ms != null) {
            half(ms.endpoint()).remote = ma;
        }
        if (ma != null && mr != null) {
            half(mr.endpoint()).remote = ma;
        }
    }

    private V1Half half(@Nullable Endpoint endpoint) {
        var first = halves.getFirst();
        if (endpoint == null) {
            return first;
        }
        if (first.local == null) {
            first.local = endpoint;
            return first;
        }
        for (var half : halves) {
            if (endpoint.sameService(half.local)) {
                return half;
            }
        }
        if (halves.size() == MAX_HALVES) {
            throw new MalformedSpansException(
                    "services in a v1 span: more than %d (expected: at most that)"
                            .formatted(MAX_HALVES));
        }
        var added = new V1Half(endpoint);
        halves.add(added);
        return added;
    }
}
