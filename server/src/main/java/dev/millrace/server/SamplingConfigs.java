package dev.millrace.server;

import dev.millrace.cache.RedisConfig;
import dev.millrace.collector.MachineLoad;
import dev.millrace.pipeline.TailConfig;
import dev.millrace.sampling.AdaptiveStrategies;
import dev.millrace.sampling.HeadConfig;
import dev.millrace.sampling.HeadRule;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.tail.DurationWindow;
import dev.millrace.server.config.MillraceConfig;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;

/// What the settings of `sampling` come to for head, tail and the strategies of SDKs, and those of
/// `redis`, through which collectors share what they sample.
final class SamplingConfigs {

    /// One for all that ask, as the CPU tells its load since it was last asked.
    static final MachineLoad MACHINE = new MachineLoad(System::nanoTime);

    private static final String KEEP_ALL = "keep-all";

    private SamplingConfigs() {}

    /// What the head keeps.
    static HeadConfig head(MillraceConfig config) {
        var head = config.sampling().head();
        var rules = new ArrayList<HeadRule>();
        head.rules().forEach((names, share) -> rules.add(rule(names, share)));
        var usual =
                switch (config.sampling().preset()) {
                    case KEEP_ALL, TAIL -> HeadConfig.KEEP_ALL;
                    case HEAD -> HeadConfig.HEAD;
                    case HYBRID -> HeadConfig.HYBRID;
                };
        boolean enabled =
                switch (head.enabled()) {
                    case AUTO -> usual.enabled();
                    case ON -> true;
                    case OFF -> false;
                };
        return new HeadConfig(
                enabled,
                head.probability().isEmpty()
                        ? usual.defaultProbability()
                        : probability(head.probability()),
                rules,
                head.spansPerSecond(),
                head.spansPerSecondPerService(),
                head.rememberedTraces(),
                head.rememberedFor(),
                usual.maxServices());
    }

    private static double probability(String share) {
        try {
            return Double.parseDouble(share);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "probability: "
                            + share
                            + " (expected: a share from 0 to 1, or nothing for the preset's)",
                    e);
        }
    }

    private static HeadRule rule(String names, String share) {
        int space = names.indexOf(' ');
        try {
            return new HeadRule(
                    space < 0 ? names : names.substring(0, space),
                    space < 0 ? "*" : names.substring(space + 1).strip(),
                    Double.parseDouble(share));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "rules." + names + ": " + share + " (expected: a share from 0 to 1)", e);
        }
    }

    /// When head and tail give way to load.
    static LoadFactor.Settings load(MillraceConfig config) {
        var load = config.sampling().load();
        var usual = LoadFactor.Settings.DEFAULT;
        return new LoadFactor.Settings(
                load.highMark(), load.lowMark(), usual.least(), usual.holdNanos());
    }

    /// The policy file is read again whenever it is asked for.
    static TailConfig tail(MillraceConfig config) {
        var tail = config.sampling().tail();
        String preset = tailPreset(config);
        boolean keepsAll = preset.equals(KEEP_ALL) && tail.policyFile().isEmpty();
        if (config.mode() == MillraceConfig.Mode.DIRECT && !keepsAll) {
            throw new IllegalArgumentException(
                    (tail.policyFile().isEmpty()
                                    ? "preset: " + preset
                                    : "policy-file: " + tail.policyFile())
                            + " (expected: keep-all in direct mode, where there is no log that"
                            + " verdicts could stand on)");
        }
        var durations = DurationWindow.Settings.DEFAULT;
        return new TailConfig(
                tail.policyFile().isEmpty()
                        ? () -> "preset: " + preset
                        : () -> policyText(Path.of(tail.policyFile())),
                tail.interval(),
                new DurationWindow.Settings(
                        tail.window().toMillis(),
                        durations.slices(),
                        durations.maxOperations(),
                        durations.leastTraces(),
                        durations.accuracy()),
                tail.demandWindow(),
                load(config),
                MACHINE);
    }

    /// The policy that a preset means where traces are complete.
    private static String tailPreset(MillraceConfig config) {
        var own = config.sampling().tail().preset();
        return switch (own) {
            case KEEP_ALL, TAIL, HYBRID -> own.toString();
            case SAME ->
                    switch (config.sampling().preset()) {
                        case KEEP_ALL, HEAD -> KEEP_ALL;
                        case TAIL -> "tail";
                        case HYBRID -> "hybrid";
                    };
        };
    }

    private static String policyText(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "sampling.tail.policy-file: " + file + " (expected: a file that can be read)",
                    e);
        }
    }

    /// How strategies for SDKs are computed.
    static AdaptiveStrategies.Settings adaptive(MillraceConfig config) {
        var adaptive = config.sampling().remote().adaptive();
        return new AdaptiveStrategies.Settings(
                adaptive.targetPerSecond(),
                adaptive.tolerance(),
                adaptive.initial(),
                adaptive.minimum(),
                adaptive.lowerBoundPerSecond(),
                AdaptiveStrategies.Settings.DEFAULT.mostOperations());
    }

    /// Where Redis is; empty for none.
    static Optional<RedisConfig> redis(MillraceConfig config) {
        var redis = config.redis();
        if (redis.uri().isEmpty()) {
            return Optional.empty();
        }
        var usual =
                RedisConfig.of(
                        URI.create(redis.uri()),
                        redis.user(),
                        Secrets.password(redis.password(), redis.passwordFile()));
        return Optional.of(
                new RedisConfig(
                        usual.uri(),
                        usual.user(),
                        usual.password(),
                        redis.timeout(),
                        usual.maxInFlight(),
                        redis.maxQueuedIds(),
                        config.sampling().head().rememberedFor(),
                        usual.pollInterval()));
    }
}
