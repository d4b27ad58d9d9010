package dev.millrace.query;

import com.linecorp.armeria.server.ServiceRequestContext;
import dev.millrace.access.Access;
import dev.millrace.model.Slice;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One gRPC call on its way to an answer. Whoever settles it first, the method or the deadline,
/// writes what the client gets.
///
/// The messages of an answer go out at the client's pace, one at a time.
final class GrpcCall implements Supplier<Runnable> {

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
            refuse(GrpcFailure.of(e, context.path()));
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
            client.onError(GrpcFailure.of(e, context.path()).asRuntimeException());
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
}
