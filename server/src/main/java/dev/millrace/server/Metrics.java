package dev.millrace.server;

import dev.millrace.server.OperatorServer.Answer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.logging.LogbackMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import java.util.function.Function;

/// What the process counts and measures, as Prometheus reads it at `/metrics`.
///
/// Besides what the parts register there are the JVM's and the process's own figures, and the
/// number of log lines by level.
final class Metrics implements AutoCloseable {

    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS =
            "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final LogbackMetrics logs = new LogbackMetrics();

    PrometheusMeterRegistry registry() {
        return registry;
    }

    void start() {
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
        logs.bindTo(registry);
        Gauge.builder("millrace.info", () -> 1)
                .description("Always 1; the version is a label")
                .tag("version", Version.text())
                .strongReference(true)
                .register(registry);
    }

    Map<String, Function<String, Answer>> pages() {
        return Map.of("/metrics", this::scrape);
    }

    private Answer scrape(String accept) {
        String type = accept.contains("application/openmetrics-text") ? OPEN_METRICS : PROMETHEUS;
        return new Answer(200, type, registry.scrape(type));
    }

    @Override
    public void close() {
        gc.close();
        logs.close();
        registry.close();
    }
}
