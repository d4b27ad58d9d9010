package dev.millrace.verification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What a process has taken from its machine so far, as Linux counts it.
///
/// @param cpuSeconds of all its threads, in the program and in the kernel
/// @param residentBytes held in memory now
/// @param peakResidentBytes the most ever held in memory
record ProcessUsage(double cpuSeconds, long residentBytes, long peakResidentBytes) {

    /// The kernel's unit of time towards programs, on every architecture that matters.
    private static final double TICKS_PER_SECOND = 100;

    /// Places of utime and stime among the fields that follow the name.
    private static final int USER = 11;

    private static final int SYSTEM = 12;

    static ProcessUsage of(long pid) throws IOException {
        Path folder = Path.of("/proc", Long.toString(pid));
        String stat = Files.readString(folder.resolve("stat"));
        // The name stands in brackets and may hold anything, brackets and spaces included.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double ticks = Long.parseLong(fields[USER]) + Long.parseLong(fields[SYSTEM]);
        Path status = folder.resolve("status");
        return new ProcessUsage(
                ticks / TICKS_PER_SECOND, kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:"));
    }

    /// How many threads of the whole machine ran or wanted to, averaged over the last minute.
    static double machineLoad() throws IOException {
        String load = Files.readString(Path.of("/proc/loadavg"));
        return Double.parseDouble(load.substring(0, load.indexOf(' ')));
    }

    static ProcessUsage ofThisProcess() throws IOException {
        return of(ProcessHandle.current().pid());
    }

    private static long kilobytes(Path status, String name) throws IOException {
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith(name)) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException(status + ": no " + name + " (expected: a size)");
    }
}
