package dev.millrace.query;

import dev.millrace.model.SpanKind;
import dev.millrace.query.ZipkinTree.Node;
import dev.millrace.wire.zipkin.ZipkinSpan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Counts who calls whom by Zipkin's rules.
///
/// Where both halves of a call are there, the server's word counts; a client that nobody answers
/// calls what it names. Messages are linked with the broker they name, never with each other. A
/// call failed when its span has the tag `error`, or its client does.
///
/// Not safe for use by several threads.
final class ZipkinLinks {

    /// One service's calls to another.
    record Link(String parent, String child, long calls, long errors) {}

    private record Ends(String parent, String child) {}

    private final Map<Ends, Link> links = new HashMap<>();

    /// The links counted so far, in the order of their names.
    List<Link> links() {
        var sorted = new ArrayList<>(links.values());
        sorted.sort(Comparator.comparing(Link::parent).thenComparing(Link::child));
        return sorted;
    }

    void add(Link link) {
        links.merge(
                new Ends(link.parent(), link.child()),
                link,
                (one, other) ->
                        new Link(
                                one.parent(),
                                one.child(),
                                one.calls() + other.calls(),
                                one.errors() + other.errors()));
    }

    /// Counts the calls within one trace.
    void add(List<ZipkinSpan> trace) {
        for (var node : ZipkinTree.nodes(trace)) {
            var span = node.span();
            if (span != null) {
                add(node, span);
            }
        }
    }

    private void add(Node node, ZipkinSpan span) {
        var kind = kind(span);
        boolean failed = span.tags().containsKey("error");
        switch (kind) {
            case PRODUCER -> link(span.local().service(), span.remote().service(), failed);
            case CONSUMER -> link(span.remote().service(), span.local().service(), failed);
            case CLIENT -> {
                if (span.kind() == null || node.isLeaf()) {
                    addCall(node, span, failed);
                }
            }
            case SERVER -> addAnswer(node, span, failed);
            case INTERNAL, UNSPECIFIED -> {}
        }
    }

    // Whoever names both sides is as good as a client.
    private static SpanKind kind(ZipkinSpan span) {
        var kind = span.kind();
        if (kind != null) {
            return kind;
        }
        return span.local().service().isEmpty() || span.remote().service().isEmpty()
                ? SpanKind.UNSPECIFIED
                : SpanKind.CLIENT;
    }

    private void addCall(Node node, ZipkinSpan span, boolean failed) {
        var ancestor = remoteAncestor(node);
        var above = ancestor == null ? "" : ancestor.local().service();
        var caller = span.local().service();
        if (!above.isEmpty() && !caller.isEmpty() && !above.equals(caller)) {
            // The server half between the two did not come; whether it failed is not known.
            link(above, caller, false);
        }
        link(
                caller.isEmpty() ? above : caller,
                span.remote().service(),
                failed || failedAbove(span, ancestor));
    }

    private void addAnswer(Node node, ZipkinSpan span, boolean failed) {
        var ancestor = remoteAncestor(node);
        var above = ancestor == null ? "" : ancestor.local().service();
        boolean root = node.parent() == null;
        var caller = root || above.isEmpty() ? span.remote().service() : above;
        link(caller, span.local().service(), failed || failedAbove(span, ancestor));
    }

    private static boolean failedAbove(ZipkinSpan span, @Nullable ZipkinSpan ancestor) {
        return ancestor != null
                && !ancestor.local().service().isEmpty()
                && ancestor.kind() == SpanKind.CLIENT
                && ancestor.id().equals(span.parentId())
                && ancestor.tags().containsKey("error");
    }

    // Spans of no kind may lie between a span and whoever called its service.
    private static @Nullable ZipkinSpan remoteAncestor(Node node) {
        for (var above = node.parent(); above != null; above = above.parent()) {
            var span = above.span();
            if (span != null && span.kind() != null) {
                return span;
            }
        }
        return null;
    }

    private void link(String parent, String child, boolean failed) {
        if (!parent.isEmpty() && !child.isEmpty()) {
            add(new Link(parent, child, 1, failed ? 1 : 0));
        }
    }
}
