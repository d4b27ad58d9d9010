package dev.millrace.verification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// Hands every test that asks for a [RunningMillrace] the same one: started for the first, stopped
/// after the last.
final class SharedMillrace implements ParameterResolver {

    /// What tests that use it lock, as some look at all that is counted or stored.
    static final String NAME = "shared Millrace";

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RunningMillrace.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(StoreScope.LAUNCHER_SESSION, Namespace.create(SharedMillrace.class))
                .computeIfAbsent("shared", _ -> Lease.begin(), Lease.class)
                .millrace();
    }

    /// One process and its folder, which go together.
    private record Lease(RunningMillrace millrace, Path directory) implements AutoCloseable {

        static Lease begin() {
            try {
                var directory = Files.createTempDirectory("millrace-clients-");
                var lease = new Lease(RunningMillrace.withBroker(directory, Map.of()), directory);
                // For a run that is interrupted; otherwise there is nothing left to do.
                Runtime.getRuntime().addShutdownHook(new Thread(lease.millrace::close));
                lease.millrace.start();
                return lease;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }

        @Override
        public void close() throws IOException {
            millrace.stop();
            millrace.close();
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
