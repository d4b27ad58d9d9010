package dev.millrace.load.traffic;

import dev.millrace.model.Slice;
import java.util.function.Supplier;

/// One request to a receiver and when to send it.
///
/// @param body what is sent, in the encoding of its workload
/// @param origin makes the OTLP `TracesData` that the body was made from, for who needs it
/// @param spans how many spans the body holds
/// @param delayNanos how long after the rest of its round it leaves; 0 for at once
public record Request(Slice body, Supplier<Slice> origin, int spans, long delayNanos) {

    /// The spans as they were before they were put into another encoding.
    public Slice otlp() {
        return origin.get();
    }
}
