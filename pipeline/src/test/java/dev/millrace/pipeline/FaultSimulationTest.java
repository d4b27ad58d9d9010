package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole lives of a group: late, doubled, reordered and failing spans, members that die between two
/// commits, partitions that move, policies that change, and owners that are slow to say so.
class FaultSimulationTest {

    private static final int ROUNDS = 20;
    private static final int STEPS = 120;

    private static final AssemblyConfig CONFIG =
            new AssemblyConfig(
                    Duration.ofMillis(60),
                    Duration.ofMillis(400),
                    Duration.ofMillis(1_000),
                    100_000,
                    ByteSize.parse("1KiB"),
                    8);

    private static final List<String> POLICIES =
            List.of(
                    """
                    rules:
                      - {name: errors, when: {error: any}}
                      - {name: slow, when: {slower-than: p80}}
                      - {name: rest, keep: 30%}
                    budget: {spans-per-second: 150}
                    """,
                    "rules: [{name: slow, when: {slower-than: p90}}, {name: few, keep: 20%}]",
                    "preset: hybrid",
                    "preset: keep-all");

    private final Map<Decision.Upgrade, Integer> upgrades = new EnumMap<>(Decision.Upgrade.class);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void faultsChangeNoVerdictAndNothingStored(long seed) {
        for (int round = 0; round < ROUNDS; round++) {
            String named = "seed %s, round %s".formatted(seed, round);
            var random = new Random(seed * 1_000 + round);

            // Given
            var log = new SimulatedLog();
            var disturbed = disturb(random, log, named);

            // When
            var undisturbed = new SimulatedOutputs();
            var reader = new SimulatedAggregator(CONFIG, log, undisturbed, () -> 0);
            for (int partition = 0; partition < SimulatedLog.PARTITIONS; partition++) {
                reader.take(partition);
            }
            reader.step(1_000_000);
            reader.step(0);
            reader.commit();

            // Then
            var invariants = new SamplingInvariants(log, disturbed, named);
            invariants.hold();
            invariants.areThoseOf(undisturbed);
            disturbed
                    .decisions()
                    .forEach(decision -> upgrades.merge(decision.upgrade(), 1, Integer::sum));
        }
        // Else it would show nothing.
        assertThat(upgrades).as("seed %s", seed).hasSize(3);
    }

    private static SimulatedOutputs disturb(Random random, SimulatedLog log, String named) {
        var outputs = new SimulatedOutputs();
        var leader = new SimulatedLeader(log, outputs);
        String policy = POLICIES.getFirst();
        leader.look(policy);
        var traffic = new SimulatedTraffic(random, log);
        List<SimulatedAggregator> members = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            members.add(
                    new SimulatedAggregator(
                            CONFIG, log, outputs, () -> (long) (random.nextExponential() * 8)));
        }
        for (int partition = 0; partition < SimulatedLog.PARTITIONS; partition++) {
            members.get(random.nextInt(2)).take(partition);
        }
        for (int step = 0; step < STEPS; step++) {
            for (int i = random.nextInt(8); i > 0; i--) {
                traffic.append();
            }
            var one = members.get(random.nextInt(2));
            var other = members.get(random.nextInt(2));
            switch (random.nextInt(40)) {
                case 0, 1 -> one.crash().forEach(members.get(random.nextInt(2))::take);
                // A transaction that was given up.
                case 2 -> one.crash().forEach(one::take);
                case 3, 4 -> {
                    one.commit();
                    for (int partition : one.partitions()) {
                        if (random.nextBoolean()) {
                            one.drop(partition);
                            other.take(partition);
                        }
                    }
                }
                case 5, 6 -> leader.look(policy);
                case 7 -> {
                    policy = POLICIES.get(random.nextInt(POLICIES.size()));
                    leader.look(policy);
                }
                // An owner that was replaced says late what it knew.
                case 8 ->
                        log.mark(
                                random.nextInt(SimulatedLog.PARTITIONS),
                                MarkerSchedule.ofVersion(1 + random.nextInt(log.versions.size())));
                case 9 -> one.letGo(1 + random.nextInt(3_000));
                default -> {}
            }
            for (var member : members) {
                if (random.nextInt(5) > 0) {
                    member.step(random.nextInt(40));
                    member.mark();
                }
                if (random.nextInt(4) == 0) {
                    member.commit();
                }
            }
            if (step == STEPS / 2) {
                new SamplingInvariants(log, outputs, named + ", under way").hold();
            }
        }
        comeToRest(log, members, named);
        return outputs;
    }

    private static void comeToRest(
            SimulatedLog log, List<SimulatedAggregator> members, String named) {
        for (int i = 0; !members.stream().allMatch(SimulatedAggregator::rests); i++) {
            assertThat(i).as("%s: comes to rest", named).isLessThan(1_000);
            log.time += 100;
            for (var member : members) {
                member.step(1_000_000);
                member.mark();
                member.commit();
            }
        }
    }
}
