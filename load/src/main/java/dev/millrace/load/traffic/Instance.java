package dev.millrace.load.traffic;

import dev.millrace.model.Attributes;
import dev.millrace.model.Resource;
import dev.millrace.model.Scope;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/// A running process of a service, with its own clock.
///
/// @param number counts all instances of the shop
/// @param skewNanos how far its clock is ahead of the true time
/// @param server the scope of what it answers
/// @param client the scope of what it asks of others
/// @param own the scope of its own work
record Instance(
        Service service,
        int number,
        Resource resource,
        long skewNanos,
        Scope server,
        Scope client,
        Scope own) {

    private static final String SCHEMA = "https://opentelemetry.io/schemas/1.37.0";
    private static final List<String> NODES =
            List.of("node-a-1", "node-a-2", "node-b-1", "node-b-2", "node-c-1");

    static Instance of(Service service, int number, SplittableRandom random) {
        var pod = service.name() + "-" + letters(random, 9) + "-" + letters(random, 5);
        var platform = service.platform();
        var attributes =
                new Words()
                        .put("service.name", service.name())
                        .put("service.namespace", "shop")
                        .put("service.version", "2." + service.name().length() + "." + number % 3)
                        .put(
                                "service.instance.id",
                                new UUID(random.nextLong(), random.nextLong()).toString())
                        .put("deployment.environment.name", "production")
                        .put("telemetry.sdk.name", "opentelemetry")
                        .put("telemetry.sdk.language", platform.language)
                        .put("telemetry.sdk.version", "1.57.0")
                        .put("host.name", pod)
                        .put("process.pid", 1L + random.nextInt(40))
                        .put("k8s.namespace.name", "shop")
                        .put("k8s.deployment.name", service.name())
                        .put("k8s.pod.name", pod)
                        .put("k8s.node.name", NODES.get(random.nextInt(NODES.size())))
                        .put("cloud.region", "eu-central-1")
                        .attributes();
        return new Instance(
                service,
                number,
                new Resource(attributes, 0, SCHEMA),
                skew(number, random),
                scope(platform.scope, platform.version),
                scope(platform.scope + ".client", platform.version),
                scope("shop." + service.name(), "2." + service.name().length()));
    }

    // Two of ten clocks are some milliseconds off, one of twenty up to two seconds.
    private static long skew(int number, SplittableRandom random) {
        double gaussian = random.nextGaussian();
        return switch (number % 20) {
            case 3, 8, 12, 17 -> (long) (gaussian * 5e6);
            case 5 -> (long) (Math.clamp(gaussian, -2, 2) * 1e9);
            default -> 0;
        };
    }

    private static Scope scope(String name, String version) {
        return new Scope(name, version, Attributes.EMPTY, 0, SCHEMA);
    }

    private static String letters(SplittableRandom random, int count) {
        var text = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            text.append("bcdfghjklmnpqrstvwxz2456789".charAt(random.nextInt(27)));
        }
        return text.toString();
    }
}
