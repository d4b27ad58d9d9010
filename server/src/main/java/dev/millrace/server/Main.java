package dev.millrace.server;

import org.slf4j.LoggerFactory;

/// The program.
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {
        Thread.setDefaultUncaughtExceptionHandler(Main::report);
        System.exit(execute(arguments));
    }

    /// Ends the process even after an error: the threads of parts would otherwise keep it alive.
    private static int execute(String[] arguments) {
        try {
            return Commands.commandLine(System.getenv()).execute(arguments);
        } catch (Error e) {
            report(Thread.currentThread(), e);
            return Commands.FAILED;
        }
    }

    private static void report(Thread thread, Throwable failure) {
        LoggerFactory.getLogger(Main.class)
                .atError()
                .setCause(failure)
                .addKeyValue("thread", thread.getName())
                .log("A thread died");
    }
}
