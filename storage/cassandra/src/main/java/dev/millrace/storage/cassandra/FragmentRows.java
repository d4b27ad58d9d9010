package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.BoundStatement;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.cassandra.Requests.Write;
import dev.millrace.wire.jaeger.JaegerTags;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.OtlpDecoder;
import dev.millrace.wire.otlp.ProtoWriter;
import dev.millrace.wire.otlp.SpanIndex;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The rows that some fragments become, of every table, in one keyspace.
///
/// The same fragment always becomes the same rows, so it may be written any number of times. Used
/// for one write, by one thread.
final class FragmentRows {

    /// The partitions that Jaeger spreads the spans of a service over.
    static final int BUCKETS = 10;

    /// Far below what Cassandra takes for a part of a key, of which a row has several.
    private static final int MAX_NAME = 8 * 1024;

    private static final int RESOURCE_SPANS = 1;
    private static final int SCOPE_SPANS = 2;
    private static final int SPANS = 2;

    /// A row of a table of names: the same for many spans, and written once in a while.
    sealed interface NameRow {}

    private record Service(String name) implements NameRow {}

    private record OperationName(String service, String kind, String name) implements NameRow {}

    private record Window(Instant start) implements NameRow {}

    /// What tells a row of `traces` from others.
    private record SpanKey(TraceId traceId, SpanId spanId, long hash) {}

    private record Tag(String key, String value) {}

    private record Partition(String term, Instant window) {}

    /// What a row of our own index says of the spans of a fragment that share its term.
    private static final class Summary {
        private long lastStart = Long.MIN_VALUE;
        private long firstStart = Long.MAX_VALUE;
        private long shortest = Long.MAX_VALUE;
        private long longest = Long.MIN_VALUE;
        private int kinds;
        private int statuses;

        void add(Span span) {
            lastStart = Math.max(lastStart, span.startNanos());
            firstStart = Math.min(firstStart, span.startNanos());
            shortest = Math.min(shortest, span.durationNanos());
            longest = Math.max(longest, span.durationNanos());
            kinds |= bit(span.kind());
            statuses |= bit(span.status().code());
        }
    }

    private final Statements statements;
    private final JaegerSpanRow spanRow;
    private final boolean extraIndexes;
    private final ByteSize maxSpan;
    private final RowsByPartition rows = new RowsByPartition();
    private final Set<SpanKey> spanKeys = new HashSet<>();
    private final Set<NameRow> names = new LinkedHashSet<>();
    private int spans;

    FragmentRows(Statements statements, JaegerSpanRow spanRow, CassandraConfig config) {
        this.statements = statements;
        this.spanRow = spanRow;
        this.extraIndexes = config.extraIndexes();
        this.maxSpan = config.maxSpan();
    }

    static int bit(SpanKind kind) {
        return 1 << kind.number();
    }

    static int bit(Status.Code status) {
        return 1 << status.number();
    }

    /// How many rows there are to write.
    int rows() {
        return rows.size();
    }

    /// What there is to write; of names those that were added.
    List<Batch> batches() {
        return rows.batches();
    }

    /// Rows that there are besides, most of which need not be added.
    Set<NameRow> names() {
        return names;
    }

    int spans() {
        return spans;
    }

    /// @param keptSeconds how long a row that says where traces are is kept; 0 for ever
    void add(NameRow name, int keptSeconds) {
        rows.add(new Write(null, bind(name, keptSeconds)));
    }

    private BoundStatement bind(NameRow name, int keptSeconds) {
        return switch (name) {
            case Service(String service) ->
                    statements.insertService.bind().setString("service_name", service);
            case OperationName(String service, String kind, String operation) ->
                    statements
                            .insertOperation
                            .bind()
                            .setString("service_name", service)
                            .setString("span_kind", kind)
                            .setString("operation_name", operation);
            case Window(Instant start) ->
                    statements
                            .insertWindow
                            .bind()
                            .setString("kind", IndexWalk.WINDOWS)
                            .setInstant("window", start)
                            .setInt("kept", keptSeconds);
        };
    }

    /// @throws StoreException when the fragment can never be written, naming it
    void add(Fragment fragment) {
        var index = new SpanIndex();
        List<Span> decoded;
        try {
            index.add(fragment.traceId(), fragment.body());
            decoded = OtlpDecoder.spans(fragment.body());
        } catch (MalformedSpansException e) {
            throw invalid(fragment, String.valueOf(e.getMessage()));
        }
        if (decoded.isEmpty()) {
            throw invalid(fragment, "no spans (expected: at least one)");
        }
        var summaries = new HashMap<Partition, Summary>();
        for (int i = 0; i < decoded.size(); i++) {
            addSpan(fragment, decoded.get(i), body(fragment, index, i), summaries);
        }
        summaries.forEach((partition, summary) -> addSummary(fragment, partition, summary));
        spans += decoded.size();
    }

    private static StoreException invalid(Fragment fragment, String what) {
        return new StoreException(Kind.INVALID_REQUEST, "fragment " + fragment.id() + ": " + what);
    }

    /// A span with its resource and its scope, byte for byte as they came.
    private Slice body(Fragment fragment, SpanIndex index, int i) {
        int scope = index.scope(i);
        Slice scopeHead = index.scopeHead(scope);
        Slice resourceHead = index.resourceHead(index.resourceOf(scope));
        int scopeSize =
                scopeHead.length() + ProtoWriter.lengthDelimitedSize(SPANS, index.length(i));
        int resourceSize =
                resourceHead.length() + ProtoWriter.lengthDelimitedSize(SCOPE_SPANS, scopeSize);
        int size = ProtoWriter.lengthDelimitedSize(RESOURCE_SPANS, resourceSize);
        if (size > maxSpan.bytes()) {
            throw invalid(
                    fragment,
                    "a span of "
                            + size
                            + " bytes with its resource (expected: at most "
                            + maxSpan
                            + ")");
        }
        return new ProtoWriter(size)
                .header(RESOURCE_SPANS, resourceSize)
                .raw(resourceHead.array(), resourceHead.offset(), resourceHead.length())
                .header(SCOPE_SPANS, scopeSize)
                .raw(scopeHead.array(), scopeHead.offset(), scopeHead.length())
                .bytes(SPANS, index.span(i))
                .finish();
    }

    private void addSpan(
            Fragment fragment, Span span, Slice body, Map<Partition, Summary> summaries) {
        String service = name(fragment, "service", span.serviceName());
        String operation = name(fragment, "operation", span.name());
        long hash = Hash64.of(body);
        long start = Times.micros(span.startNanos());
        ByteBuffer traceId = JaegerSpanRow.id(span.traceId());
        // Of two rows with one time stamp, as those of a batch have, Cassandra keeps both lists.
        if (spanKeys.add(new SpanKey(span.traceId(), span.spanId(), hash))) {
            add(fragment, spanRow.bind(span, hash, body));
        }
        add(
                fragment,
                statements
                        .insertByService
                        .bind()
                        .setString("service_name", service)
                        .setInt("bucket", (int) Long.remainderUnsigned(hash, BUCKETS))
                        .setLong("start_time", start)
                        .setByteBuffer("trace_id", traceId)
                        .setByteBuffer(Schema.TRACE_COLUMN, traceId));
        add(
                fragment,
                statements
                        .insertByOperation
                        .bind()
                        .setString("service_name", service)
                        .setString("operation_name", operation)
                        .setLong("start_time", start)
                        .setByteBuffer("trace_id", traceId)
                        .setByteBuffer(Schema.TRACE_COLUMN, traceId));
        addDuration(fragment, span, "");
        if (!operation.isEmpty()) {
            addDuration(fragment, span, operation);
        }
        for (var tag : tags(span)) {
            add(
                    fragment,
                    statements
                            .insertByTag
                            .bind()
                            .setString("service_name", service)
                            .setString("tag_key", tag.key())
                            .setString("tag_value", tag.value())
                            .setLong("start_time", start)
                            .setByteBuffer("trace_id", traceId)
                            .setLong("span_id", span.spanId().value()));
        }
        names.add(new Service(service));
        names.add(new OperationName(service, kind(span.kind()), operation));
        var window = Times.window(span.startNanos());
        names.add(new Window(window));
        for (String term : terms(span)) {
            summaries.computeIfAbsent(new Partition(term, window), _ -> new Summary()).add(span);
        }
    }

    private static String name(Fragment fragment, String what, String name) {
        if (name.length() > MAX_NAME) {
            throw invalid(
                    fragment,
                    what
                            + ": a name of "
                            + name.length()
                            + " characters (expected: at most "
                            + MAX_NAME
                            + ")");
        }
        return name;
    }

    private void addDuration(Fragment fragment, Span span, String operation) {
        add(
                fragment,
                statements
                        .insertByDuration
                        .bind()
                        .setString("service_name", span.serviceName())
                        .setString("operation_name", operation)
                        .setInstant("bucket", Times.nearestHour(span.startNanos()))
                        .setLong("duration", JaegerSpanRow.durationMicros(span))
                        .setLong("start_time", Times.micros(span.startNanos()))
                        .setByteBuffer("trace_id", JaegerSpanRow.id(span.traceId())));
    }

    private void add(Fragment fragment, BoundStatement row) {
        rows.add(new Write(fragment, row));
    }

    /// As Jaeger writes it, empty where there is none.
    private static String kind(SpanKind kind) {
        return kind == SpanKind.UNSPECIFIED ? "" : kind.name().toLowerCase(Locale.ROOT);
    }

    /// What Jaeger indexes, and what we are asked for where that is another text or another level.
    private static Set<Tag> tags(Span span) {
        var tags = new HashSet<Tag>();
        var jaeger = new ArrayList<>(JaegerTags.of(span));
        jaeger.addAll(JaegerSpanRow.processTags(span));
        span.events().forEach(event -> jaeger.addAll(JaegerTags.of(event)));
        for (var tag : jaeger) {
            TagText.of(tag.value()).ifPresent(text -> tags.add(new Tag(tag.key(), text)));
        }
        SpanAttributes.of(span)
                .forEach(attributes ->
                        attributes.forEach(attribute ->
                                tags.add(new Tag(attribute.key(), attribute.value().toString()))));
        tags.removeIf(tag -> !TagText.isIndexed(tag.key(), tag.value()));
        return tags;
    }

    private Set<String> terms(Span span) {
        var terms = new HashSet<String>();
        terms.add(IndexTerm.service(span.serviceName()));
        terms.add(IndexTerm.operation(span.serviceName(), span.name()));
        if (extraIndexes) {
            terms.add(IndexTerm.ANY);
            terms.add(IndexTerm.name(span.name()));
            if (span.isError()) {
                terms.add(IndexTerm.FAILED);
            }
            SpanAttributes.of(span)
                    .forEach(attributes ->
                            attributes.forEach(attribute ->
                                    terms.add(
                                            IndexTerm.attribute(
                                                    attribute.key(),
                                                    attribute.value().toString()))));
        }
        return terms;
    }

    private void addSummary(Fragment fragment, Partition partition, Summary summary) {
        add(
                fragment,
                statements
                        .insertByTerm
                        .bind()
                        .setString("term", partition.term())
                        .setInstant("window", partition.window())
                        .setLong("last_start", Times.micros(summary.lastStart))
                        .setByteBuffer("trace_id", JaegerSpanRow.id(fragment.traceId()))
                        .setLong("fragment", Hash64.of(fragment.id().toString()))
                        .setLong("first_start", Times.micros(summary.firstStart))
                        .setLong("shortest", summary.shortest)
                        .setLong("longest", summary.longest)
                        .setInt("kinds", summary.kinds)
                        .setInt("statuses", summary.statuses));
    }
}
