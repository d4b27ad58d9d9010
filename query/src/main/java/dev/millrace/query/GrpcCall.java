package dev.millrace.query;

import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import dev.millrace.storage.api.StoreException;
import dev.millrace.wire.otlp.MalformedSpansException;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One gRPC call on its way to an answer. Whoever settles it first, the method or the deadline,
/// writes what the client gets.
///
/// The messages of an answer go out at the client's pace, one at a time.
final class GrpcCall implements Supplier<Runnable> {

    private static final Logger LOG = LoggerFactory.getLogger(GrpcCall.class);

    private final ServiceRequestContext context;
    private final GrpcMethod method;
    private final Slice request;
    private final Duration patience;
    private final ServerCallStreamObserver<byte[]> client;
    private final AtomicBoolean settled = new AtomicBoolean();
    private final Semaphore moved = new Semaphore(0);

    /// To be made where the call comes in: later, the client does not tell any more when it is
    /// ready.
    ///
    /// @param patience how long the store may take to answer, and the client to take each message
    GrpcCall(
            ServiceRequestContext context,
            GrpcMethod method,
            Slice request,
            Duration patience,
            ServerCallStreamObserver<byte[]> client) {
        this.context = context;
        this.method = method;
        this.request = request;
        this.patience = patience;
        this.client = client;
        client.setOnReadyHandler(moved::release);
        client.setOnCancelHandler(moved::release);
    }

    // What is left is to send the answer, at the client's pace.
    @Override
    public Runnable get() {
        try {
            var deadline =
                    context.eventLoop()
                            .withoutContext()
                            .schedule(this::expire, patience.toNanos(), TimeUnit.NANOSECONDS);
            Iterator<Slice> answer = answer();
            deadline.cancel(false);
            return answer != null && settled.compareAndSet(false, true)
                    ? () -> send(answer)
                    : () -> {};
        } catch (Error e) {
            refuse(Status.INTERNAL);
            throw e;
        }
    }

    /// Ends the call without an answer.
    void refuse(Status status) {
        if (settled.compareAndSet(false, true)) {
            client.onError(status.asRuntimeException());
        }
    }

    private void expire() {
        refuse(
                Status.DEADLINE_EXCEEDED.withDescription(
                        "no answer from the store within " + patience));
    }

    // Null when there is none, and the client knows.
    private @Nullable Iterator<Slice> answer() {
        try {
            return method.answer(Access.tenant(context), request);
        } catch (RuntimeException e) {
            refuse(status(e));
            return null;
        }
    }

    private void send(Iterator<Slice> answer) {
        try {
            while (answer.hasNext()) {
                if (!isTaken()) {
                    return;
                }
                client.onNext(answer.next().toByteArray());
            }
            client.onCompleted();
        } catch (RuntimeException e) {
            client.onError(status(e).asRuntimeException());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            context.cancel();
        }
    }

    /// Waits until the client has taken all there was; false when it is gone, or takes nothing.
    private boolean isTaken() throws InterruptedException {
        while (!client.isCancelled()) {
            if (client.isReady()) {
                return true;
            }
            if (!moved.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                context.cancel();
                return false;
            }
        }
        return false;
    }

    private Status status(RuntimeException failure) {
        return switch (failure) {
            case QueryException e ->
                    TempoStreaming.status(e.status())
                            .withDescription(String.valueOf(e.getMessage()));
            case MalformedSpansException _ ->
                    Status.INVALID_ARGUMENT.withDescription(
                            "request: cannot be read (expected: the message of this method)");
            case StoreException e -> {
                if (code(e.kind()) == Status.Code.INTERNAL) {
                    report(e);
                }
                yield code(e.kind()).toStatus().withDescription(String.valueOf(e.getMessage()));
            }
            default -> {
                report(failure);
                yield Status.INTERNAL.withDescription("internal error");
            }
        };
    }

    private void report(RuntimeException failure) {
        LOG.atError()
                .setCause(failure)
                .addKeyValue("path", context.path())
                .log("A request failed for a reason that is not the caller's");
    }

    static Status.Code code(StoreException.Kind kind) {
        return switch (kind) {
            case INVALID_REQUEST -> Status.Code.INVALID_ARGUMENT;
            case NOT_SUPPORTED -> Status.Code.UNIMPLEMENTED;
            case OVER_CAPACITY, TOO_LARGE -> Status.Code.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.Code.UNAVAILABLE;
            case CORRUPT, BUG -> Status.Code.INTERNAL;
        };
    }
}
