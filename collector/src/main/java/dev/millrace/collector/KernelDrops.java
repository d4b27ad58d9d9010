package dev.millrace.collector;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// What Linux says of datagrams it dropped because a socket's buffer was full.
final class KernelDrops {

    private static final List<Path> TABLES =
            List.of(Path.of("/proc/net/udp"), Path.of("/proc/net/udp6"));
    private static final int LOCAL_ADDRESS = 1;

    private KernelDrops() {}

    /// The drops of all sockets on a port since they were opened; not a number where the system
    /// does not tell.
    static double ofUdpPort(int port) {
        double drops = 0;
        boolean found = false;
        for (var table : TABLES) {
            try (var lines = Files.lines(table, StandardCharsets.US_ASCII)) {
                var counts = counts(lines, port);
                found |= !counts.isEmpty();
                drops += counts.stream().mapToLong(Long::longValue).sum();
            } catch (IOException _) {
                // Not Linux, or no IPv6.
            }
        }
        return found ? drops : Double.NaN;
    }

    /// One count for each socket on the port, from a table's lines.
    static List<Long> counts(Stream<String> lines, int port) {
        String suffix = ":%04X".formatted(port);
        return lines.skip(1)
                .map(line -> line.strip().split("\\s+"))
                .filter(columns -> columns[LOCAL_ADDRESS].endsWith(suffix))
                .map(columns -> Long.parseLong(columns[columns.length - 1]))
                .toList();
    }
}
