package dev.millrace.testkit.opensearch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.Version;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/// A node of OpenSearch that has its HTTP interface, [SmallShards], and nothing else besides the
/// server.
final class OpenSearchNode extends Node {

    private static final String HTTP = "org.opensearch.transport.Netty4ModulePlugin";

    private OpenSearchNode(Environment environment, PluginInfo... plugins) {
        super(environment, List.of(plugins), true);
    }

    /// Runs until its input ends, which it does when whoever started it is gone.
    ///
    /// @param arguments the home folder, the port of HTTP, the port of nodes among themselves
    public static void main(String[] arguments) throws Exception {
        var home = Path.of(arguments[0]);
        for (var folder : List.of("config", "modules", "plugins", "logs")) {
            Files.createDirectories(home.resolve(folder));
        }
        var settings =
                Settings.builder()
                        .put("path.home", home.toString())
                        .put("cluster.name", "test")
                        .put("node.name", "node")
                        .put("discovery.type", "single-node")
                        .put("network.host", "127.0.0.1")
                        .put("http.port", arguments[1])
                        .put("transport.port", arguments[2])
                        .put("cluster.routing.allocation.disk.threshold_enabled", false)
                        .build();
        var environment =
                InternalSettingsPreparer.prepareEnvironment(
                        settings, Map.of(), home.resolve("config"), () -> "node");
        try (var node =
                new OpenSearchNode(
                        environment, plugin(HTTP), plugin(SmallShards.class.getName()))) {
            node.start();
            awaitEndOfInput();
        }
    }

    private static PluginInfo plugin(String type) {
        return new PluginInfo(
                type,
                "on the class path",
                "NA",
                Version.CURRENT,
                Integer.toString(Runtime.version().feature()),
                type,
                List.of(),
                false);
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Nobody writes; only the end matters.
        }
    }
}
