package dev.millrace.pipeline;

import dev.millrace.sampling.Load;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.sampling.tail.PolicyFile;
import java.time.Duration;
import java.util.function.Supplier;

/// Which complete traces are stored.
///
/// @param policy gives the text of the policy file as it is now; asked again at every interval, and
///   what is no policy then is passed over
/// @param interval how often it is looked whether verdicts should depend on something else
/// @param durations the window that percentiles are taken from
/// @param demandWindow the window that budgets look at
/// @param load when what chance decides about gives way, at the busiest aggregator of all
/// @param machine how busy that of this process is
public record TailConfig(
        Supplier<String> policy,
        Duration interval,
        DurationWindow.Settings durations,
        Duration demandWindow,
        LoadFactor.Settings load,
        Supplier<Load> machine) {

    /// Stores every trace.
    public static final TailConfig KEEP_ALL = preset("keep-all");

    public TailConfig {
        if (interval.toMillis() < 100) {
            throw new IllegalArgumentException(
                    "interval: " + interval + " (expected: at least 100ms)");
        }
        if (demandWindow.compareTo(interval) < 0) {
            throw new IllegalArgumentException(
                    "demand-window: "
                            + demandWindow
                            + " (expected: at least the interval, "
                            + interval
                            + ")");
        }
        // What it begins with must be one.
        var _ = PolicyFile.read("policy", policy.get());
    }

    /// Of machines that are never busy.
    public TailConfig(
            Supplier<String> policy,
            Duration interval,
            DurationWindow.Settings durations,
            Duration demandWindow) {
        this(
                policy,
                interval,
                durations,
                demandWindow,
                LoadFactor.Settings.DEFAULT,
                () -> Load.NONE);
    }

    /// A preset with the usual windows.
    public static TailConfig preset(String name) {
        String text = "preset: " + name;
        return new TailConfig(
                () -> text,
                Duration.ofSeconds(10),
                DurationWindow.Settings.DEFAULT,
                Duration.ofMinutes(1));
    }
}
