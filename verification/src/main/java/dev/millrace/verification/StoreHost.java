package dev.millrace.verification;

import dev.millrace.testkit.CassandraServer;
import dev.millrace.testkit.search.SearchServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Where a store under measurement keeps what it has: a directory, or a server in a process of its
/// own, which outlives those that write to it and ask it.
sealed interface StoreHost extends AutoCloseable {

    /// Of every server; more than tests give it, and with all of Java's compilers. The settings of
    /// the collector are those that OpenSearch and Elasticsearch are delivered with: without them
    /// they take garbage for use, and refuse questions for want of memory.
    List<String> JAVA_OPTIONS =
            List.of(
                    "-Xms2g",
                    "-Xmx2g",
                    "-XX:+UseG1GC",
                    "-XX:G1ReservePercent=25",
                    "-XX:InitiatingHeapOccupancyPercent=30");

    /// What the store is opened with, in whatever process.
    String place();

    /// The server's process; 0 when there is none.
    long pid();

    /// Brings all that was written to the files, so that they can be measured.
    void flush();

    /// Where those files are.
    Path files();

    /// Ends the server and removes the files.
    @Override
    void close() throws IOException;

    /// What the files take.
    default long bytes() throws IOException {
        long sum = 0;
        try (var files = Files.walk(files())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    /// No server.
    record Directory(Path files) implements StoreHost {

        @Override
        public String place() {
            return files.toString();
        }

        @Override
        public long pid() {
            return 0;
        }

        @Override
        public void flush() {
            // Whoever wrote has done so.
        }

        @Override
        public void close() throws IOException {
            Start.delete(files);
        }
    }

    /// A node of OpenSearch or Elasticsearch.
    record Search(SearchServer server, Path files) implements StoreHost {

        static Search launch(SearchServer.Kind kind, Path directory) {
            return new Search(
                    SearchServer.launch(kind, directory, JAVA_OPTIONS), directory.resolve("data"));
        }

        @Override
        public String place() {
            return server.uri().toString();
        }

        @Override
        public long pid() {
            return server.pid();
        }

        @Override
        public void flush() {
            server.request("POST", "/_flush", "");
        }

        @Override
        public void close() {
            server.close();
        }
    }

    /// A node of Cassandra.
    record Cassandra(CassandraServer server, Path files) implements StoreHost {

        static Cassandra launch(Path directory) {
            Path data = directory.resolve("data");
            return new Cassandra(
                    CassandraServer.launchAsDelivered(directory, data, JAVA_OPTIONS), data);
        }

        @Override
        public String place() {
            var address = server.address();
            return "cassandra://" + address.getHostString() + ":" + address.getPort();
        }

        @Override
        public long pid() {
            return server.pid();
        }

        /// When it starts it reads its log and writes all of it to tables.
        @Override
        public void flush() {
            server.kill();
            server.start();
        }

        @Override
        public void close() {
            server.close();
        }
    }
}
