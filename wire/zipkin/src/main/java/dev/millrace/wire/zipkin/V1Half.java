package dev.millrace.wire.zipkin;

import dev.millrace.wire.zipkin.V1Span.Annotation;
import dev.millrace.wire.zipkin.V1Span.BinaryAnnotation;
import dev.millrace.wire.zipkin.V1Span.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one service tells of a v1 span: a v2 span in the making.
final class V1Half {

    @Nullable Endpoint local;
    @Nullable Endpoint remote;
    int kind;
    boolean shared;
    long timestamp;
    long duration;
    final List<Annotation> annotations = new ArrayList<>();
    final List<BinaryAnnotation> tags = new ArrayList<>();

    V1Half(@Nullable Endpoint local) {
        this.local = local;
    }

    void time(long start, long length) {
        timestamp = Math.max(0, start);
        duration = Math.max(0, length);
    }

    /// Fills in a draft, all but what both halves share.
    void draft(SpanDraft span) {
        var texts = span.texts;
        host(texts, span.local, local);
        host(texts, span.remote, remote);
        span.kind = kind;
        span.shared = shared;
        span.timestamp = timestamp;
        span.duration = duration;
        for (var annotation : annotations) {
            span.annotation(annotation.time(), texts.add(annotation.value()));
        }
        for (var tag : tags) {
            long key = texts.add(tag.key());
            if (tag.type() == SpanDraft.TagType.TEXT) {
                span.tag(key, texts.add(tag.text()));
            } else {
                span.tag(key, tag.type(), tag.bits());
            }
        }
    }

    private static void host(Texts texts, Host host, @Nullable Endpoint endpoint) {
        if (endpoint != null) {
            host.service = texts.add(endpoint.service());
            host.ipv4 = texts.add(endpoint.ip());
            host.port = endpoint.port();
        }
    }
}
