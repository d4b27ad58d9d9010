package dev.millrace.broker;

import java.io.OutputStream;
import java.nio.file.Path;

/// A broker in a JVM of its own, so that a test can kill it.
final class BrokerProcess {

    private BrokerProcess() {}

    /// Prints the bootstrap servers once they serve, and ends when standard input does.
    public static void main(String[] args) throws Exception {
        try (var broker =
                new EmbeddedBroker(
                        new BrokerConfig(Path.of(args[0]), "127.0.0.1", 0), (_, _) -> {})) {
            broker.start();
            System.out.println("serving " + broker.bootstrapServers());
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }
}
