package dev.millrace.assembly;

import dev.millrace.model.Slice;
import org.jspecify.annotations.Nullable;

/// Numbers the parts of one trace. It holds each back until the next comes, to know the last.
final class NumberedParts {

    private final OpenTrace trace;
    private final TraceSink sink;
    private @Nullable Slice held;
    private int given;

    NumberedParts(OpenTrace trace, TraceSink sink) {
        this.trace = trace;
        this.sink = sink;
    }

    void add(Slice body) {
        give(false);
        held = body;
    }

    void finish() {
        give(true);
    }

    int count() {
        return given;
    }

    private void give(boolean last) {
        if (held != null) {
            sink.part(trace.key.tenant(), trace.key.traceId(), trace.fragment, given, last, held);
            held = null;
            given++;
        }
    }
}
