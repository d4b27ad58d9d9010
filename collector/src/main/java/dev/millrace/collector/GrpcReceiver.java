package dev.millrace.collector;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import java.util.concurrent.CompletableFuture;

/// Spans over gRPC: one call of a [GrpcProtocol].
///
/// Messages stay bytes; the generated classes would cost more than all the rest of a request.
final class GrpcReceiver implements HttpService {

    private final GrpcProtocol protocol;
    private final SpanIntake intake;
    private final int maxBytes;

    GrpcReceiver(GrpcProtocol protocol, SpanIntake intake, int maxBytes) {
        this.protocol = protocol;
        this.intake = intake;
        this.maxBytes = maxBytes;
    }

    @Override
    public HttpResponse serve(ServiceRequestContext ctx, HttpRequest request) {
        return UnaryCall.serve(ctx, request, maxBytes, message -> take(ctx, message));
    }

    private CompletableFuture<byte[]> take(ServiceRequestContext ctx, byte[] message) {
        var ticket = Gate.ticket(ctx);
        ticket.resize(message.length);
        return intake.take(Access.tenant(ctx), protocol.format(), Slice.of(message), ticket)
                .thenApply(receipt -> answer(ctx, receipt));
    }

    private byte[] answer(ServiceRequestContext ctx, Receipt receipt) {
        byte[] answer = protocol.answer(receipt);
        Gate.note(ctx, receipt.outcome());
        return answer;
    }
}
