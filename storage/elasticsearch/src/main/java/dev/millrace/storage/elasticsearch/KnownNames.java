package dev.millrace.storage.elasticsearch;

import dev.millrace.model.SpanKind;
import io.micrometer.core.instrument.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;

/// Which services and operations need not be written again, because they were, lately.
///
/// Bounded; what is forgotten is only written once more. Safe for any number of threads.
final class KnownNames {

    private static final int MAX = 100_000;

    /// Another process may have dropped the index in the meantime.
    private static final long KEPT_NANOS = Duration.ofMinutes(30).toNanos();

    private final Clock clock;
    private final Map<Name, Long> written =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Name, Long> eldest) {
                    return size() > MAX;
                }
            };

    record Name(String index, String service, String operation, SpanKind kind) {}

    KnownNames(Clock clock) {
        this.clock = clock;
    }

    synchronized boolean isKnown(Name name) {
        var at = written.get(name);
        return at != null && clock.monotonicTime() - at < KEPT_NANOS;
    }

    synchronized void written(Collection<Name> names) {
        long now = clock.monotonicTime();
        names.forEach(name -> written.put(name, now));
    }

    /// The indices are no more.
    synchronized void forget(Collection<String> indices) {
        var gone = new HashSet<>(indices);
        written.keySet().removeIf(name -> gone.contains(name.index()));
    }
}
