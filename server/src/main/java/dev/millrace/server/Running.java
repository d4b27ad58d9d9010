package dev.millrace.server;

import dev.millrace.server.config.MillraceConfig;
import dev.millrace.server.config.MillraceConfig.LogFormat;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.Locale;
import java.util.Set;

/// Runs a process until it is told to stop, by Ctrl-C or SIGTERM.
final class Running {

    private Running() {}

    static int untilStopped(MillraceConfig config, Set<Role> roles, Clock clock, PrintWriter out)
            throws StartException, InterruptedException {
        Logging.apply(config.log());
        var millrace = new Millrace(config, new Roles(config, roles, clock), clock);
        Runtime.getRuntime().addShutdownHook(new Thread(millrace::close, "stop"));
        millrace.start();
        if (config.log().format() == LogFormat.TEXT) {
            announce(millrace, out);
        }
        millrace.awaitStop();
        return 0;
    }

    static void announce(Millrace millrace, PrintWriter out) {
        double seconds = ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0;
        out.printf(Locale.ROOT, "Millrace is ready after %.1f s. Ctrl-C stops it.%n", seconds);
        millrace.addresses()
                .forEach((what, address) -> out.printf(Locale.ROOT, "  %-18s %s%n", what, address));
        out.flush();
    }
}
