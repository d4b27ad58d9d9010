package dev.millrace.query;

import com.linecorp.armeria.common.logging.RequestLog;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.grpc.Status;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Counts and times requests by API, endpoint and status.
final class RequestMetrics {

    private static final String GRPC_STATUS = "grpc-status";

    private final MeterRegistry registry;

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    void watch(RequestGate gate) {
        Gauge.builder("millrace.query.running", gate, RequestGate::running)
                .description("requests at work")
                .register(registry);
        Gauge.builder("millrace.query.readers", gate.readers(), Readers::count)
                .description("clients that are reading answers")
                .register(registry);
        FunctionCounter.builder("millrace.query.readers.dropped", gate.readers(), Readers::letGo)
                .description("clients let go because they read too slowly")
                .register(registry);
    }

    /// Records the request when its response is out, or its client gone.
    void record(ServiceRequestContext context, String api, String endpoint) {
        var _ = context.log().whenComplete().thenAccept(log -> record(log, api, endpoint));
    }

    /// Records a gRPC call in the same way, by its method and gRPC's word for its status.
    void recordCall(ServiceRequestContext context, String api) {
        var endpoint = context.path().substring(context.path().lastIndexOf('/') + 1);
        var _ =
                context.log()
                        .whenComplete()
                        .thenAccept(log -> record(log, api, endpoint, grpcStatus(log)));
    }

    private static String grpcStatus(RequestLog log) {
        int none = Status.Code.UNKNOWN.value();
        int code =
                log.responseTrailers()
                        .getInt("grpc-status", log.responseHeaders().getInt("grpc-status", none));
        return Status.fromCodeValue(code).getCode().name().toLowerCase(Locale.ROOT);
    }

    private void record(RequestLog log, String api, String endpoint) {
        record(log, api, endpoint, status(log));
    }

    private void record(RequestLog log, String api, String endpoint, String status) {
        registry.counter(
                        "millrace.query.requests",
                        "api",
                        api,
                        "endpoint",
                        endpoint,
                        "status",
                        status)
                .increment();
        registry.timer("millrace.query.latency", "api", api, "endpoint", endpoint)
                .record(log.totalDurationNanos(), TimeUnit.NANOSECONDS);
    }

    // What gRPC says after an answer, or instead of one, says more than the 200 before it.
    private static String status(RequestLog log) {
        String grpc =
                log.responseTrailers().get(GRPC_STATUS, log.responseHeaders().get(GRPC_STATUS, ""));
        int code = log.responseStatus().code();
        if (!grpc.isEmpty()) {
            return "grpc-" + grpc;
        }
        return code == 0 ? "none" : Integer.toString(code);
    }
}
