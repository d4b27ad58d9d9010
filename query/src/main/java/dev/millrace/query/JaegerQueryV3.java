package dev.millrace.query;

import com.linecorp.armeria.common.HttpStatus;
import dev.millrace.analysis.AdjustedTrace;
import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Tenant;
import dev.millrace.query.JaegerProto.DependenciesRequest;
import dev.millrace.query.JaegerProto.OperationsRequest;
import dev.millrace.query.JaegerProto.SearchRequest;
import dev.millrace.query.JaegerProto.TraceRequest;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.otlp.OtlpEncoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/// `jaeger.api_v3.QueryService`: OpenTelemetry's traces over gRPC.
///
/// | Message | Fields |
/// |---|---|
/// | `TracesData` | as OTLP has it |
/// | `FindTraceSummariesResponse` | 1 summaries |
/// | `GetServicesResponse` | 1 services |
/// | `GetOperationsResponse` | 1 operations |
/// | `DependenciesResponse` | 1 dependencies |
final class JaegerQueryV3 {

    static final String SERVICE = "jaeger.api_v3.QueryService";

    private static final int CHUNK_SUMMARIES = 100;

    private final TraceStore store;
    private final JaegerTraces traces;
    private final JaegerDependencies dependencies;
    private final int maxTraces;

    JaegerQueryV3(TraceStore store, JaegerTraces traces, int maxTraces) {
        this.store = store;
        this.traces = traces;
        this.dependencies = new JaegerDependencies(store);
        this.maxTraces = maxTraces;
    }

    void bind(GrpcMethod.Methods methods) {
        methods.stream("GetTrace", this::trace);
        methods.stream("FindTraces", this::search);
        methods.stream("FindTraceSummaries", this::summaries);
        methods.unary("GetServices", this::services);
        methods.unary("GetOperations", this::operations);
        methods.unary("GetDependencies", this::dependencies);
    }

    private Iterator<Slice> trace(Tenant tenant, Slice message) {
        var request = TraceRequest.of(message);
        var id = JaegerIds.traceId("trace_id", request.traceId().toText());
        var trace =
                traces.byId(tenant, id, request.raw())
                        .orElseThrow(() ->
                                new QueryException(HttpStatus.NOT_FOUND, JaegerTraces.NOT_FOUND));
        return new Chunks(trace.parts().get());
    }

    private Iterator<Slice> search(Tenant tenant, Slice message) {
        var request = SearchRequest.of(message);
        return new Chunks(traces.search(tenant, searchOf(request), request.raw()).iterator());
    }

    private Iterator<Slice> summaries(Tenant tenant, Slice message) {
        var summaries =
                traces.found(tenant, searchOf(SearchRequest.of(message))).stream()
                        .map(JaegerV3Summary::of)
                        .toList();
        var chunks = new ArrayList<List<JaegerV3Summary>>();
        for (int from = 0; from < summaries.size(); from += CHUNK_SUMMARIES) {
            chunks.add(summaries.subList(from, Math.min(from + CHUNK_SUMMARIES, summaries.size())));
        }
        return chunks.stream().map(JaegerQueryV3::message).iterator();
    }

    private static Slice message(List<JaegerV3Summary> summaries) {
        var message = new ProtoWriter(4096);
        summaries.forEach(summary -> message.bytes(1, summary.encode()));
        return message.finish();
    }

    private JaegerSearch searchOf(SearchRequest request) {
        if (request.filtered()) {
            throw new QueryException(
                    HttpStatus.NOT_IMPLEMENTED,
                    "filter: not supported (expected: attributes and its like)");
        }
        if (request.start().isEmpty() || request.end().isEmpty()) {
            throw QueryException.invalid(
                    request.start().isEmpty() ? "start_time_min" : "start_time_max",
                    "missing",
                    "a time");
        }
        if (request.depth() == 0) {
            throw QueryException.invalid("search_depth", "0", "1 to " + maxTraces);
        }
        return request.search(maxTraces);
    }

    private Iterator<Slice> services(Tenant tenant, Slice message) {
        var answer = new ProtoWriter(256);
        store.services(tenant).forEach(service -> answer.text(1, service));
        return List.of(answer.finish()).iterator();
    }

    private Iterator<Slice> operations(Tenant tenant, Slice message) {
        var operations = JaegerQueryV2.operations(store, tenant, OperationsRequest.of(message));
        var answer = new ProtoWriter(256);
        JaegerQueryV2.write(operations, answer, 1);
        return List.of(answer.finish()).iterator();
    }

    private Iterator<Slice> dependencies(Tenant tenant, Slice message) {
        return List.of(JaegerQueryV2.links(dependencies, tenant, DependenciesRequest.of(message)))
                .iterator();
    }

    /// Traces in messages that any client takes, each of spans of one trace, made as they are asked
    /// for.
    private static final class Chunks implements Iterator<Slice> {

        private static final int MAX_SPANS = 1_000;

        // A quarter of what clients take who were not told otherwise.
        private static final int MAX_BYTES = 1 << 20;

        private record Chunk(AdjustedTrace trace, int from, int to) {

            Slice message() {
                var spans = new ArrayList<Span>(to - from);
                for (int place = from; place < to; place++) {
                    spans.add(JaegerWarnings.asAttribute(trace, place));
                }
                return OtlpEncoder.encode(spans);
            }
        }

        private final Iterator<AdjustedTrace> traces;
        private final Deque<Chunk> waiting = new ArrayDeque<>();

        Chunks(Iterator<AdjustedTrace> traces) {
            this.traces = traces;
        }

        @Override
        public boolean hasNext() {
            while (waiting.isEmpty() && traces.hasNext()) {
                var trace = traces.next();
                int spans = trace.trace().spans().size();
                for (int from = 0; from < spans; from += MAX_SPANS) {
                    waiting.add(new Chunk(trace, from, Math.min(from + MAX_SPANS, spans)));
                }
            }
            return !waiting.isEmpty();
        }

        @Override
        public Slice next() {
            while (hasNext()) {
                var chunk = waiting.pop();
                var message = chunk.message();
                if (message.length() <= MAX_BYTES || chunk.to() - chunk.from() == 1) {
                    return message;
                }
                int half = (chunk.from() + chunk.to()) / 2;
                waiting.push(new Chunk(chunk.trace(), half, chunk.to()));
                waiting.push(new Chunk(chunk.trace(), chunk.from(), half));
            }
            throw new NoSuchElementException("no more spans");
        }
    }
}
