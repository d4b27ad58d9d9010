package dev.millrace.query;

import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.wire.zipkin.ZipkinSpan;
import dev.millrace.wire.zipkin.ZipkinSpan.Endpoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The spans of one trace under their parents, as Zipkin sees them: a client and its server may
/// share an id, and a span may have come in pieces.
///
/// What has no parent here hangs under the first root; where there is none, under a node without a
/// span.
final class ZipkinTree {

    /// A span in its place.
    static final class Node {

        private final @Nullable ZipkinSpan span;
        private final List<Node> children = new ArrayList<>();
        private @Nullable Node parent;

        private Node(@Nullable ZipkinSpan span) {
            this.span = span;
        }

        /// Null only for a root that did not come.
        @Nullable ZipkinSpan span() {
            return span;
        }

        @Nullable Node parent() {
            return parent;
        }

        boolean isLeaf() {
            return children.isEmpty();
        }

        private void add(Node child) {
            children.add(child);
            child.parent = this;
        }
    }

    /// Who a span is: the server half of a shared id is told apart by where it ran.
    private record Key(SpanId id, @Nullable Endpoint sharedAt) {}

    private static final Endpoint NOWHERE = new Endpoint("", "", 0);

    // Client halves first, and of those without a place the first.
    private static final Comparator<ZipkinSpan> PIECES_TOGETHER =
            Comparator.comparing(ZipkinSpan::id, Comparator.comparingLong(SpanId::value))
                    .thenComparing(ZipkinSpan::shared)
                    .thenComparing(span -> !span.shared() && span.kind() != SpanKind.CLIENT)
                    .thenComparing(span -> !span.local().equals(NOWHERE))
                    .thenComparing(span -> span.local().service())
                    .thenComparing(span -> span.local().ip());

    private final Map<Key, Node> nodes = new LinkedHashMap<>();
    private final Map<Key, Node> anywhere = new HashMap<>();
    private Node root = new Node(null);

    private ZipkinTree() {}

    /// All nodes of the tree, the root first. Spans that are each other's parents are in no tree.
    static List<Node> nodes(List<ZipkinSpan> trace) {
        var tree = new ZipkinTree();
        var spans = whole(trace);
        spans.forEach(tree::place);
        spans.forEach(tree::hang);
        var reached = new ArrayList<Node>();
        reached.add(tree.root);
        for (int i = 0; i < reached.size(); i++) {
            reached.addAll(reached.get(i).children);
        }
        return reached;
    }

    private void place(ZipkinSpan span) {
        var node = new Node(span);
        if (!span.shared() && span.parentId() == null && root.span() == null) {
            root = node;
            return;
        }
        nodes.put(key(span), node);
        if (span.shared()) {
            anywhere.put(new Key(span.id(), NOWHERE), node);
        }
    }

    private void hang(ZipkinSpan span) {
        var node = nodes.get(key(span));
        if (node == null || node.parent() != null || !span.equals(node.span())) {
            return;
        }
        var parent = parentOf(span);
        (parent == null || parent == node ? root : parent).add(node);
    }

    private @Nullable Node parentOf(ZipkinSpan span) {
        if (span.shared()) {
            return nodes.get(new Key(span.id(), null));
        }
        var parentId = span.parentId();
        if (parentId == null) {
            return null;
        }
        var besides = nodes.get(new Key(parentId, span.local()));
        if (besides == null && span.local().equals(NOWHERE)) {
            besides = anywhere.get(new Key(parentId, NOWHERE));
        }
        return besides != null ? besides : nodes.get(new Key(parentId, null));
    }

    private static Key key(ZipkinSpan span) {
        return new Key(span.id(), span.shared() ? span.local() : null);
    }

    /// The spans with their pieces put together and with what is missing of shared ids.
    private static List<ZipkinSpan> whole(List<ZipkinSpan> trace) {
        var whole = new ArrayList<ZipkinSpan>();
        for (var span : trace.stream().sorted(PIECES_TOGETHER).toList()) {
            var last = whole.isEmpty() ? null : whole.getLast();
            if (last == null || !last.id().equals(span.id())) {
                whole.add(span);
            } else if (last.shared() == span.shared() && fit(last.local(), span.local())) {
                whole.set(whole.size() - 1, joined(last, span));
            } else {
                whole.add(after(last, span));
            }
        }
        return whole;
    }

    private static boolean fit(Endpoint one, Endpoint other) {
        return fit(one.service(), other.service())
                && (one.ip().indexOf(':') >= 0 != other.ip().indexOf(':') >= 0
                        || fit(one.ip(), other.ip()))
                && (one.port() == 0 || other.port() == 0 || one.port() == other.port());
    }

    private static boolean fit(String one, String other) {
        return one.isEmpty() || other.isEmpty() || one.equals(other);
    }

    // What the first piece says goes before what the second does. Annotations link nothing.
    private static ZipkinSpan joined(ZipkinSpan one, ZipkinSpan other) {
        var tags = new TreeMap<>(other.tags());
        tags.putAll(one.tags());
        return new ZipkinSpan(
                one.traceId(),
                one.parentId() != null ? one.parentId() : other.parentId(),
                one.id(),
                one.kind() != null ? one.kind() : other.kind(),
                first(one.name(), other.name()),
                one.timestamp() > 0 ? one.timestamp() : other.timestamp(),
                one.duration() > 0 ? one.duration() : other.duration(),
                joined(one.local(), other.local()),
                joined(one.remote(), other.remote()),
                one.annotations(),
                tags,
                one.debug() || other.debug(),
                one.shared());
    }

    private static Endpoint joined(Endpoint one, Endpoint other) {
        return new Endpoint(
                first(one.service(), other.service()),
                first(one.ip(), other.ip()),
                one.port() > 0 ? one.port() : other.port());
    }

    private static String first(String one, String other) {
        return one.isEmpty() ? other : one;
    }

    // Some tracers forget to say that a server shares the id of its client, or whose child it is.
    private static ZipkinSpan after(ZipkinSpan client, ZipkinSpan span) {
        boolean shared =
                span.shared()
                        || (client.kind() == SpanKind.CLIENT && span.kind() == SpanKind.SERVER);
        var parent = shared && span.parentId() == null ? client.parentId() : span.parentId();
        return new ZipkinSpan(
                span.traceId(),
                parent,
                span.id(),
                span.kind(),
                span.name(),
                span.timestamp(),
                span.duration(),
                span.local(),
                span.remote(),
                span.annotations(),
                span.tags(),
                span.debug(),
                shared);
    }
}
