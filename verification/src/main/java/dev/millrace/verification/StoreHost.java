package dev.millrace.verification;

import dev.millrace.testkit.CassandraServer;
import dev.millrace.testkit.search.SearchServer;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Where a store under measurement keeps what it has: a directory, or a server in a process of its
/// own, which outlives those that write to it and ask it.
sealed interface StoreHost extends AutoCloseable {

    /// Of OpenSearch and Elasticsearch; more memory than tests give them, and all of Java's
    /// compilers. The settings of the collector are those that they are delivered with: without
    /// them they take garbage for use, and refuse questions for want of memory.
    List<String> SEARCH_JAVA_OPTIONS =
            List.of(
                    "-Xms2g",
                    "-Xmx2g",
                    "-XX:+UseG1GC",
                    "-XX:G1ReservePercent=25",
                    "-XX:InitiatingHeapOccupancyPercent=30");

    /// Of Cassandra, as its own script has them on machines of up to 32 GB: a quarter of the
    /// memory. How much it gathers before it writes a table, and so how often it puts tables
    /// together, is a share of that.
    List<String> CASSANDRA_JAVA_OPTIONS =
            List.of(
                    "-XX:InitialRAMPercentage=25",
                    "-XX:MaxRAMPercentage=25",
                    "-XX:+UseG1GC",
                    "-XX:+ParallelRefProcEnabled",
                    "-XX:MaxTenuringThreshold=1",
                    "-XX:G1HeapRegionSize=16m",
                    "-XX:G1RSetUpdatingPauseTimePercent=5",
                    "-XX:MaxGCPauseMillis=300",
                    "-XX:InitiatingHeapOccupancyPercent=70");

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

    /// What the files take. A server may remove some of them at the same time.
    default long bytes() throws IOException {
        var sum = new AtomicLong();
        Files.walkFileTree(
                files(),
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        sum.addAndGet(attributes.size());
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e)
                            throws IOException {
                        if (e instanceof NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw e;
                    }
                });
        return sum.get();
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
                    SearchServer.launch(kind, directory, SEARCH_JAVA_OPTIONS),
                    directory.resolve("data"));
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
                    CassandraServer.launchAsDelivered(directory, data, CASSANDRA_JAVA_OPTIONS),
                    data);
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

        /// When it is told to end it writes all that is only in memory and in its log to tables.
        @Override
        public void flush() {
            server.stop();
            server.start();
        }

        @Override
        public void close() {
            server.close();
        }
    }
}
