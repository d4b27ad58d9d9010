package dev.millrace.testkit;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;

/// What runs in the process of a [CassandraServer]: Cassandra, until whoever started it is gone.
final class CassandraProcess {

    private CassandraProcess() {}

    /// @param arguments none
    public static void main(String[] arguments) throws Throwable {
        Thread.ofPlatform().daemon().name("parent").start(CassandraProcess::haltWithParent);
        try {
            // Not on the class path that this is compiled with.
            Class.forName("org.apache.cassandra.service.CassandraDaemon")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    // The other end of the pipe closes however the parent dies.
    private static void haltWithParent() {
        try {
            while (System.in.read() >= 0) {
                // Nobody writes.
            }
        } catch (IOException _) {
            // Closed as well.
        }
        Runtime.getRuntime().halt(1);
    }
}
