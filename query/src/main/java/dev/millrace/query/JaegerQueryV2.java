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
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.wire.jaeger.JaegerEncoder;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// `jaeger.api_v2.QueryService`: Jaeger's own spans over gRPC.
///
/// | Message | Fields |
/// |---|---|
/// | `SpansResponseChunk` | 1 spans |
/// | `GetServicesResponse` | 1 services |
/// | `GetOperationsResponse` | 1 operationNames, 2 operations |
/// | `Operation` | 1 name, 2 span_kind |
/// | `GetDependenciesResponse` | 1 dependencies |
/// | `DependencyLink` | 1 parent, 2 child, 3 call_count |
final class JaegerQueryV2 {

    static final String SERVICE = "jaeger.api_v2.QueryService";

    private static final int CHUNK_SPANS = 10;
    private static final int MILLIS = 1_000_000;

    private final TraceStore store;
    private final JaegerTraces traces;
    private final JaegerDependencies dependencies;
    private final int maxTraces;

    JaegerQueryV2(TraceStore store, JaegerTraces traces, int maxTraces) {
        this.store = store;
        this.traces = traces;
        this.dependencies = new JaegerDependencies(store);
        this.maxTraces = maxTraces;
    }

    void bind(GrpcMethod.Methods methods) {
        methods.stream("GetTrace", this::trace);
        methods.stream("FindTraces", this::search);
        methods.unary("ArchiveTrace", this::archive);
        methods.unary("GetServices", this::services);
        methods.unary("GetOperations", this::operations);
        methods.unary("GetDependencies", this::dependencies);
    }

    private Iterator<Slice> trace(Tenant tenant, Slice message) {
        var request = TraceRequest.of(message);
        var trace =
                traces.byId(tenant, request.binaryId(), request.raw())
                        .orElseThrow(() ->
                                new QueryException(HttpStatus.NOT_FOUND, JaegerTraces.NOT_FOUND));
        return new Chunks(trace.parts().get());
    }

    private Iterator<Slice> search(Tenant tenant, Slice message) {
        var request = SearchRequest.of(message);
        return new Chunks(
                traces.search(tenant, request.search(maxTraces), request.raw()).iterator());
    }

    private Iterator<Slice> archive(Tenant tenant, Slice message) {
        traces.archive(tenant, TraceRequest.of(message).binaryId());
        return List.of(Slice.EMPTY).iterator();
    }

    private Iterator<Slice> services(Tenant tenant, Slice message) {
        var answer = new ProtoWriter(256);
        store.services(tenant).forEach(service -> answer.text(1, service));
        return List.of(answer.finish()).iterator();
    }

    private Iterator<Slice> operations(Tenant tenant, Slice message) {
        var operations = operations(store, tenant, OperationsRequest.of(message));
        var answer = new ProtoWriter(256);
        // The older field, for the older clients.
        operations.stream().map(Operation::name).distinct().forEach(name -> answer.text(1, name));
        write(operations, answer, 2);
        return List.of(answer.finish()).iterator();
    }

    private Iterator<Slice> dependencies(Tenant tenant, Slice message) {
        return List.of(links(dependencies, tenant, DependenciesRequest.of(message))).iterator();
    }

    static List<Operation> operations(TraceStore store, Tenant tenant, OperationsRequest asked) {
        if (asked.service().isEmpty()) {
            throw QueryException.invalid("service", "missing", "the name of a service");
        }
        var operations = store.operations(tenant, asked.service());
        if (asked.spanKind().isEmpty()) {
            return operations;
        }
        var kind = Parameters.kind("span_kind", asked.spanKind());
        return operations.stream().filter(operation -> operation.kind() == kind).toList();
    }

    static void write(List<Operation> operations, ProtoWriter answer, int field) {
        for (var operation : operations) {
            int opened = answer.open(field);
            answer.text(1, operation.name()).text(2, JaegerJson.text(operation.kind()));
            answer.close(opened);
        }
    }

    static Slice links(
            JaegerDependencies dependencies, Tenant tenant, DependenciesRequest request) {
        var answer = new ProtoWriter(256);
        for (var link :
                dependencies.between(
                        tenant, request.startNanos() / MILLIS, request.endNanos() / MILLIS)) {
            int opened = answer.open(1);
            answer.text(1, link.parent()).text(2, link.child()).number(3, link.calls());
            answer.close(opened);
        }
        return answer.finish();
    }

    /// Some spans of a trace, from one place on.
    private record Chunk(AdjustedTrace trace, int from) {

        // Null when there are none from there on.
        static @Nullable Chunk of(AdjustedTrace trace, int from) {
            return from < trace.trace().spans().size() ? new Chunk(trace, from) : null;
        }

        Slice message() {
            var spans = trace.trace().spans();
            var message = new ProtoWriter(4096);
            for (int i = from; i < Math.min(from + CHUNK_SPANS, spans.size()); i++) {
                message.bytes(
                        1,
                        JaegerEncoder.protobuf(shown(spans.get(i)), JaegerWarnings.of(trace, i)));
            }
            return message.finish();
        }

        private static Span shown(Span span) {
            var plain = JaegerWarnings.withoutAttribute(span);
            return plain.durationNanos() >= 0
                    ? plain
                    : plain.toBuilder().time(plain.startNanos(), plain.startNanos()).build();
        }
    }

    /// Traces a chunk at a time, each made when it is asked for.
    private static final class Chunks implements Iterator<Slice> {

        private final Iterator<AdjustedTrace> traces;
        private @Nullable Chunk next;

        Chunks(Iterator<AdjustedTrace> traces) {
            this.traces = traces;
        }

        @Override
        public boolean hasNext() {
            while (next == null && traces.hasNext()) {
                next = Chunk.of(traces.next(), 0);
            }
            return next != null;
        }

        @Override
        public Slice next() {
            var chunk = hasNext() ? next : null;
            if (chunk == null) {
                throw new NoSuchElementException("no more spans");
            }
            next = Chunk.of(chunk.trace(), chunk.from() + CHUNK_SPANS);
            return chunk.message();
        }
    }
}
