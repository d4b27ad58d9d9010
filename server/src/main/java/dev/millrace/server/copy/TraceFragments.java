package dev.millrace.server.copy;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.wire.otlp.OtlpEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/// Makes fragments of a whole trace.
///
/// Their ids follow from tenant, trace and content, so that copying again what has not changed
/// changes nothing, and copying again what has grown adds what is new.
public final class TraceFragments {

    /// Of no log: no topic of ours is called so.
    static final String TOPIC = "copy";

    private static final int PARTITIONS = 64;
    private static final int MAX_SPANS = 5_000;
    private static final int MAX_BYTES = 4 << 20;

    private TraceFragments() {}

    public static List<Fragment> of(Tenant tenant, Trace trace) {
        var bodies = new ArrayList<Slice>();
        for (int from = 0; from < trace.spans().size(); from += MAX_SPANS) {
            int to = Math.min(trace.spans().size(), from + MAX_SPANS);
            encode(trace.spans().subList(from, to), bodies);
        }
        var digest = sha256();
        digest.update(tenant.name().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(trace.traceId().toString().getBytes(StandardCharsets.US_ASCII));
        bodies.forEach(body -> digest.update(body.array(), body.offset(), body.length()));
        var hash = ByteBuffer.wrap(digest.digest());
        int partition = Math.floorMod(hash.getInt(), PARTITIONS);
        long offset = hash.getLong() & Long.MAX_VALUE;
        var fragments = new ArrayList<Fragment>(bodies.size());
        for (var body : bodies) {
            var id = new FragmentId(TOPIC, partition, offset, fragments.size());
            fragments.add(new Fragment(id, tenant, trace.traceId(), body));
        }
        return fragments;
    }

    private static void encode(List<Span> spans, List<Slice> into) {
        var body = OtlpEncoder.encode(spans);
        if (body.length() <= MAX_BYTES || spans.size() == 1) {
            into.add(body);
            return;
        }
        int half = spans.size() / 2;
        encode(spans.subList(0, half), into);
        encode(spans.subList(half, spans.size()), into);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
