package dev.millrace.agent;

import dev.millrace.agent.Upstreams.Upstream;
import dev.millrace.agent.spool.Parcel;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/// OTLP over gRPC to one collector after the other, until one takes the spans or none is left.
final class OtlpLink implements Link {

    private static final String EXPORT =
            "opentelemetry.proto.collector.trace.v1.TraceService/Export";

    private final Upstreams upstreams;
    private final CollectorClient client;
    private final AgentMetrics metrics;
    private final long timeout;
    private final LongSupplier nanoTime;
    private final Executor loop;

    /// @param timeout after which no other collector is asked; the last may take as long again
    /// @param loop where answers are looked at: the thread that uses this
    OtlpLink(
            Upstreams upstreams,
            CollectorClient client,
            AgentMetrics metrics,
            Duration timeout,
            LongSupplier nanoTime,
            Executor loop) {
        this.upstreams = upstreams;
        this.client = client;
        this.metrics = metrics;
        this.timeout = timeout.toNanos();
        this.nanoTime = nanoTime;
        this.loop = loop;
    }

    @Override
    public boolean isOpen(long now) {
        return upstreams.isOpen(now);
    }

    @Override
    public long untilOpen(long now) {
        return upstreams.untilOpen(now);
    }

    @Override
    public long heldFor(Tenant tenant, long now) {
        return upstreams.heldFor(tenant, now);
    }

    @Override
    public CompletableFuture<Answer> send(Parcel parcel, long now) {
        return send(
                parcel,
                new HashSet<>(),
                now,
                now,
                new Answer.Later("no collector is known or all are left alone", null));
    }

    private CompletableFuture<Answer> send(
            Parcel parcel, Set<Upstream> asked, long since, long now, Answer last) {
        var upstream = upstreams.ask(asked, parcel.tenant(), now);
        if (upstream.isEmpty()) {
            return CompletableFuture.completedFuture(last);
        }
        var chosen = upstream.get();
        asked.add(chosen);
        return client.call(
                        chosen.address(), EXPORT, parcel.packing(), parcel.body(), parcel.tenant())
                .thenComposeAsync(
                        said -> {
                            var answer = answer(said);
                            metrics.sent(answer, parcel.body().length());
                            return settle(parcel, asked, since, chosen, answer);
                        },
                        loop);
    }

    private CompletableFuture<Answer> settle(
            Parcel parcel, Set<Upstream> asked, long since, Upstream asking, Answer answer) {
        long now = nanoTime.getAsLong();
        return switch (answer) {
            case Answer.Taken _, Answer.Refused _, Answer.Failed _ -> {
                upstreams.succeeded(asking);
                yield CompletableFuture.completedFuture(answer);
            }
            case Answer.OverRate(var reason, var after) -> {
                upstreams.overRate(asking, parcel.tenant(), after, now);
                var named = new Answer.OverRate(asking.address() + ": " + reason, after);
                yield next(parcel, asked, since, now, named);
            }
            case Answer.Later(var reason, var after) -> {
                upstreams.failed(asking, after == null ? Duration.ZERO : after, now);
                var named = new Answer.Later(asking.address() + ": " + reason, after);
                yield next(parcel, asked, since, now, named);
            }
        };
    }

    private CompletableFuture<Answer> next(
            Parcel parcel, Set<Upstream> asked, long since, long now, Answer last) {
        return now - since >= timeout
                ? CompletableFuture.completedFuture(last)
                : send(parcel, asked, since, now, last);
    }

    private static Answer answer(GrpcAnswer said) {
        var after = said.after();
        if (said.overRate() && after != null) {
            return new Answer.OverRate(said.reason(), after);
        }
        return switch (said.code()) {
            case OK -> taken(said.message());
            case INVALID_ARGUMENT, OUT_OF_RANGE -> new Answer.Refused(said.reason());
            case INTERNAL, UNKNOWN, DATA_LOSS -> new Answer.Failed(said.reason());
            // Wrong credentials, or no OTLP there, may be put right without a span being lost.
            case UNAUTHENTICATED,
                    PERMISSION_DENIED,
                    UNIMPLEMENTED,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    CANCELLED,
                    DEADLINE_EXCEEDED,
                    RESOURCE_EXHAUSTED,
                    ABORTED,
                    UNAVAILABLE ->
                    new Answer.Later(said.reason(), after);
        };
    }

    /// Reads an `ExportTraceServiceResponse`.
    private static Answer taken(Slice message) {
        long rejected = 0;
        String why = "";
        try {
            var response = ProtoReader.of(message);
            while (response.next() != 0) {
                if (response.field() == 1 && response.wireType() == ProtoReader.LENGTH_DELIMITED) {
                    var partial = ProtoReader.of(response.slice());
                    while (partial.next() != 0) {
                        if (partial.field() == 1 && partial.wireType() == ProtoReader.VARINT) {
                            rejected = partial.varint();
                        } else if (partial.field() == 2
                                && partial.wireType() == ProtoReader.LENGTH_DELIMITED) {
                            why = partial.slice().toText();
                        } else {
                            partial.skip();
                        }
                    }
                } else {
                    response.skip();
                }
            }
        } catch (MalformedSpansException _) {
            // It said OK.
        }
        return new Answer.Taken(rejected, why);
    }
}
