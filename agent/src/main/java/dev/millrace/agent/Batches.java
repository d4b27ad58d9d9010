package dev.millrace.agent;

import dev.millrace.agent.spool.Packing;
import dev.millrace.model.Tenant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Gathers what clients send, tenant by tenant, until it is worth a request.
///
/// Not safe for threads.
final class Batches {

    private static final class Open {
        private final List<Part> parts = new ArrayList<>();
        private final long since;
        private long bytes;

        Open(long since) {
            this.since = since;
        }
    }

    private final AgentConfig.Batch limits;
    private final Packing packing;
    private final Consumer<Shipment> ready;
    private final Map<Tenant, Open> open = new LinkedHashMap<>();

    Batches(AgentConfig.Batch limits, Packing packing, Consumer<Shipment> ready) {
        this.limits = limits;
        this.packing = packing;
        this.ready = ready;
    }

    void add(Part part, long now) {
        var batch = open.get(part.tenant());
        if (batch != null && batch.bytes + part.body().length() > limits.bytes().bytes()) {
            open.remove(part.tenant());
            close(batch);
            batch = null;
        }
        if (batch == null) {
            batch = new Open(now);
            open.put(part.tenant(), batch);
        }
        batch.parts.add(part);
        batch.bytes += part.body().length();
        if (batch.bytes >= limits.bytes().bytes() || limits.delay().isZero()) {
            open.remove(part.tenant());
            close(batch);
        }
    }

    /// Lets go of what has waited long enough, and says how long the next has to, nanoseconds.
    long step(long now) {
        long wait = Long.MAX_VALUE;
        for (Iterator<Open> batches = open.values().iterator(); batches.hasNext(); ) {
            var batch = batches.next();
            long left = batch.since + limits.delay().toNanos() - now;
            if (left > 0) {
                wait = Math.min(wait, left);
            } else {
                batches.remove();
                close(batch);
            }
        }
        return wait;
    }

    /// Lets go of everything.
    void flush() {
        var all = List.copyOf(open.values());
        open.clear();
        all.forEach(this::close);
    }

    private void close(Open batch) {
        ready.accept(Shipment.of(batch.parts, packing, batch.since));
    }
}
