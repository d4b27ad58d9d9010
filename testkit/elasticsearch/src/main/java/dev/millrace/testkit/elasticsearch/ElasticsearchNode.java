package dev.millrace.testkit.elasticsearch;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/// A node of Elasticsearch that has its HTTP interface and nothing else besides the server.
final class ElasticsearchNode {

    private static final String HTTP = "transport-netty4";

    private ElasticsearchNode() {}

    /// Runs until its input ends, which it does when whoever started it is gone.
    ///
    /// @param arguments the home folder, the port of HTTP, the port of nodes among themselves, and
    ///   the jars of its HTTP interface, which are not on the class path because it loads them as a
    ///   module
    public static void main(String[] arguments) throws Exception {
        // Before anything of it is loaded: its classes ask for loggers early.
        LogConfigurator.configureESLogging();
        var home = Path.of(arguments[0]);
        for (var folder : List.of("config", "modules", "plugins", "logs")) {
            Files.createDirectories(home.resolve(folder));
        }
        install(home.resolve("modules").resolve(HTTP), arguments[3]);
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
        var loader =
                PluginsLoader.createPluginsLoader(
                        PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
                        PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false),
                        Map.of(),
                        false);
        try (var node = new Node(environment, loader)) {
            node.start();
            awaitEndOfInput();
        }
    }

    private static void install(Path module, String jars) throws IOException {
        Files.createDirectories(module);
        for (var name : List.of(jars.split(File.pathSeparator, -1))) {
            var jar = Path.of(name);
            Files.copy(jar, module.resolve(jar.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            if (jar.getFileName().toString().startsWith(HTTP)) {
                unpackDescriptors(jar, module);
            }
        }
    }

    private static void unpackDescriptors(Path jar, Path module) throws IOException {
        try (var inside = FileSystems.newFileSystem(jar);
                var files = Files.list(inside.getPath("META-INF", "es-plugins", HTTP))) {
            for (var file : files.toList()) {
                var lines =
                        Files.readAllLines(file).stream()
                                // Its server would have to be a named module too.
                                .filter(line -> !line.startsWith("modulename="))
                                .toList();
                Files.write(module.resolve(file.getFileName().toString()), lines);
            }
        }
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Nobody writes; only the end matters.
        }
    }
}
