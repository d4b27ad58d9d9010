package dev.millrace.query;

import com.linecorp.armeria.common.logging.RequestLog;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.TimeUnit;

/// Counts and times requests by API, endpoint and status.
final class RequestMetrics {

    private final MeterRegistry registry;

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    void watch(RequestGate gate) {
        Gauge.builder("millrace.query.running", gate, RequestGate::running)
                .description("requests at work")
                .register(registry);
    }

    /// Records the request when its response is out, or its client gone.
    void record(ServiceRequestContext context, String api, String endpoint) {
        var _ = context.log().whenComplete().thenAccept(log -> record(log, api, endpoint));
    }

    private void record(RequestLog log, String api, String endpoint) {
        int code = log.responseStatus().code();
        registry.counter(
                        "millrace.query.requests",
                        "api",
                        api,
                        "endpoint",
                        endpoint,
                        "status",
                        code == 0 ? "none" : Integer.toString(code))
                .increment();
        registry.timer("millrace.query.latency", "api", api, "endpoint", endpoint)
                .record(log.totalDurationNanos(), TimeUnit.NANOSECONDS);
    }
}
