package dev.millrace.verification;

import dev.millrace.verification.MillraceProcess.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A broker, and roles on it, each in a process of its own, for measurements of the store that is
/// Kafka itself.
///
/// Not safe for threads.
final class KafkaStage implements AutoCloseable {

    private final Path directory;
    private final BenchOptions options;
    private final Map<String, String> common;
    private final List<MillraceProcess> processes = new ArrayList<>();
    private final MillraceProcess broker;

    /// @param directory an empty one
    /// @param partitions of `spans`, and of `traces-complete`
    /// @param settings of all roles
    KafkaStage(Path directory, BenchOptions options, int partitions, Map<String, String> settings) {
        this.directory = directory;
        this.options = options;
        this.common = new HashMap<>(settings);
        common.put("log.level", "warn");
        common.put("topics.spans.partitions", Integer.toString(partitions));
        common.put("topics.traces-complete.partitions", Integer.toString(partitions));
        this.broker = role("broker", Map.of(), "broker");
        common.put("broker.port", broker.setting("broker.port"));
    }

    void start() throws IOException, InterruptedException {
        broker.start();
    }

    MillraceProcess broker() {
        return broker;
    }

    /// One more process, to be started.
    MillraceProcess role(String name, Map<String, String> settings, String... command) {
        var all = new HashMap<>(common);
        all.putAll(settings);
        return process(name, profile(name), List.of(command), all);
    }

    private MillraceProcess process(
            String name, String javaOptions, List<String> command, Map<String, String> settings) {
        var process =
                new MillraceProcess(
                        name,
                        directory.resolve(name),
                        Program.assembled(javaOptions),
                        command,
                        settings);
        processes.add(process);
        return process;
    }

    /// One more process that holds a share of the store.
    ///
    /// @param application the same for all that share it
    MillraceProcess store(String name, String application, Map<String, String> settings) {
        var all = new HashMap<>(settings);
        all.putAll(storage(name, application));
        return role(name, all, "query");
    }

    /// One process that takes spans in, makes traces of them and has the whole store.
    MillraceProcess storeWithAllRoles(String name, String application, String heap) {
        var all = new HashMap<>(common);
        all.putAll(storage(name, application));
        return process(
                name,
                heap + " " + profile(name),
                List.of("up", "--roles", "collector,aggregator,query"),
                all);
    }

    private static Map<String, String> storage(String name, String application) {
        return Map.of(
                "storage.type",
                "kafka",
                "storage.kafka.application",
                application,
                "storage.kafka.instance",
                name,
                // What was asked before is not to be remembered.
                "cache.enabled",
                "false");
    }

    private String profile(String name) {
        return options.profile()
                ? "-Xlog:jfr+startup=off -XX:StartFlightRecording=settings=profile,filename="
                        + directory.resolve(name + ".jfr")
                : "";
    }

    @Override
    public void close() {
        for (var process : processes.reversed()) {
            process.close();
        }
    }
}
