package dev.millrace.verification;

import dev.millrace.model.Slice;
import dev.millrace.model.Span;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server that keeps what Millrace stores: what can befall it, and what it holds by its own
/// account.
///
/// Its disk is a small one. Not safe for threads.
interface StoreServer extends AutoCloseable {

    /// For people, with its version.
    String name();

    /// What Millrace is told so that it writes there.
    Map<String, String> settings();

    /// As `kill -9` does it.
    void kill();

    /// As its operator does it.
    void stop();

    /// Starts it again on what it had on disk, and waits until it answers.
    void start();

    /// Stops it in its tracks; connections stay open and nothing is answered.
    void freeze();

    /// Lets it go on after [#freeze()].
    void thaw();

    /// Fills its disk, and waits for a bounded time until it takes no more writes.
    ///
    /// @return what it does then
    String fillDisk();

    /// Gives it its disk back, and does what its operator has to do then.
    ///
    /// @return how it comes to take writes again
    String freeDisk();

    /// Every span it holds, as OTLP, one for each row or document; asked of the server itself.
    Map<TraceId, List<Slice>> spans();

    /// One trace among those spans; empty when none of it is there.
    static Optional<Trace> trace(TraceId traceId, Map<TraceId, List<Slice>> held) {
        var bodies = held.getOrDefault(traceId, List.of());
        if (bodies.isEmpty()) {
            return Optional.empty();
        }
        List<Span> spans =
                bodies.stream().flatMap(body -> OtlpDecoder.spans(body).stream()).toList();
        return Optional.of(new Trace(traceId, spans));
    }

    /// The figures of services it holds.
    List<DependencyMinute> figures();

    @Override
    void close();
}
