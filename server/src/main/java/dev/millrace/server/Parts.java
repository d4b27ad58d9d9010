package dev.millrace.server;

import dev.millrace.query.system.PipelinePicture.Figure;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Where the wiring puts the parts it opens, so that they are closed, watched and found.
///
/// Push a part before starting it: when its start fails it is closed with the rest.
final class Parts {

    private final CloseStack stack;
    private final Health health;
    private final PrometheusMeterRegistry meters;
    private final Map<String, String> addresses = new LinkedHashMap<>();

    Parts(CloseStack stack, Health health, PrometheusMeterRegistry meters) {
        this.stack = stack;
        this.health = health;
        this.meters = meters;
    }

    /// Takes charge of a part that is as healthy as what it uses.
    <T extends AutoCloseable> T push(String name, T part) {
        return stack.push(name, part);
    }

    /// Takes charge of a part that can tell whether it does its job.
    ///
    /// @param check is called for every question after health or metrics: it answers at once, from
    ///   what the part knows
    <T extends AutoCloseable> T push(String name, T part, Supplier<PartState> check) {
        stack.push(name, part);
        health.watch(name, check);
        Gauge.builder("millrace.part.up", () -> Health.ask(check) instanceof PartState.Up ? 1 : 0)
                .description("1 when the part can do its job")
                .tag("part", name)
                .strongReference(true)
                .register(meters);
        return part;
    }

    /// Notes where people or programs can reach something, to be shown when the process is ready.
    void listening(String what, String address) {
        synchronized (addresses) {
            addresses.put(what, address);
        }
    }

    Map<String, String> addresses() {
        synchronized (addresses) {
            return new LinkedHashMap<>(addresses);
        }
    }

    /// Offers metrics that no meter holds.
    void offer(MultiCollector metrics) {
        meters.getPrometheusRegistry().register(metrics);
    }

    /// What parts have counted so far.
    List<Figure> figures() {
        return OwnFigures.of(meters);
    }

    /// What is wrong, by the part that says so.
    Map<String, String> troubles() {
        var troubles = new LinkedHashMap<String, String>();
        health.parts()
                .forEach((part, state) -> {
                    if (state instanceof PartState.Down(String reason)) {
                        troubles.put(part, reason);
                    }
                });
        return troubles;
    }

    /// Where parts count what they do.
    MeterRegistry meters() {
        return meters;
    }
}
