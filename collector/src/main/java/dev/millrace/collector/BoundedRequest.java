package dev.millrace.collector;

import com.linecorp.armeria.common.FilteredHttpRequest;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpObject;
import com.linecorp.armeria.common.HttpRequest;
import java.util.function.IntConsumer;

/// A request whose bytes are counted as they arrive, and whose body fails once there are too many.
final class BoundedRequest extends FilteredHttpRequest {

    private final long limit;
    private final int framing;
    private final IntConsumer counter;
    private long arrived;

    /// @param limit the most a request may have, bytes
    /// @param framing what the transport adds to a request, bytes
    /// @param counter told of bytes that arrive; fails the body with what it throws
    BoundedRequest(HttpRequest request, long limit, int framing, IntConsumer counter) {
        super(request);
        this.limit = limit;
        this.framing = framing;
        this.counter = counter;
    }

    @Override
    protected HttpObject filter(HttpObject object) {
        if (object instanceof HttpData data) {
            arrived += data.length();
            if (arrived > limit + framing) {
                throw Compression.tooLarge(limit);
            }
            counter.accept(data.length());
        }
        return object;
    }
}
