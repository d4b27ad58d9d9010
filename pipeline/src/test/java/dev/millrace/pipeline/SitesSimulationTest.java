package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.assembly.AssemblyConfig;
import dev.millrace.model.ByteSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A center and two sites whose traces cross: links are cut for long and then bring everything at
/// once, members die between two commits, and partitions move.
class SitesSimulationTest {

    private static final int ROUNDS = 20;
    private static final int STEPS = 120;
    private static final List<String> SITES = List.of("north", "south");

    /// Late spans follow for longer than any link is cut.
    private static final AssemblyConfig CONFIG =
            new AssemblyConfig(
                    Duration.ofMillis(60),
                    Duration.ofMillis(400),
                    Duration.ofMillis(10_000_000),
                    100_000,
                    ByteSize.parse("1KiB"),
                    8);

    private static final List<String> POLICIES =
            List.of(
                    "rules: [{name: errors, when: {error: any}}, {name: rest, keep: 30%}]",
                    "rules: [{name: slow, when: {slower-than: p90}}, {name: few, keep: 20%}]",
                    "preset: hybrid");

    /// How often each rule brought a trace back or kept it.
    private final Map<String, Integer> rules = new HashMap<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void noSiteTearsATraceAndAllOfThemAgree(long seed) {
        for (int round = 0; round < ROUNDS; round++) {
            String named = "seed %s, round %s".formatted(seed, round);
            var random = new Random(seed * 1_000 + round);

            // Given
            var log = new SimulatedLog(SITES);
            var disturbed = disturb(random, log, named);

            // When: what the sites have written, without a word of the center's.
            var own = log.withoutVersionsAtSites();
            var undisturbed = new SimulatedOutputs();
            var reader = new SimulatedAggregator(CONFIG, own, undisturbed, () -> 0);
            IntStream.range(0, own.partitions()).forEach(reader::take);
            reader.step(1_000_000);
            reader.step(0);
            reader.commit();

            // Then
            var invariants = new SamplingInvariants(log, disturbed, named);
            invariants.hold();
            invariants.agreeAcrossSites();
            invariants.haveTheTracesOf(undisturbed);
            disturbed
                    .decisions()
                    .forEach(decision ->
                            rules.merge(
                                    decision.policy() + " " + decision.upgrade(), 1, Integer::sum));
        }
        // Else it would show nothing.
        assertThat(rules)
                .as("seed %s", seed)
                .containsKeys(
                        "other-site NONE", "other-site ASKED", "upgrade DONE", "errors ASKED");
    }

    private static SimulatedOutputs disturb(Random random, SimulatedLog log, String named) {
        var outputs = new SimulatedOutputs();
        var leader = new SimulatedLeader(log, outputs);
        leader.look(POLICIES.getFirst());
        var sites = new ArrayList<SimulatedSite>();
        var sources = new ArrayList<SimulatedTraffic.Source>();
        sources.add(log::append);
        for (int i = 1; i <= SITES.size(); i++) {
            sites.add(new SimulatedSite(log, i * SimulatedLog.PARTITIONS));
            sources.add(sites.getLast());
        }
        var traffic = new SimulatedTraffic(random, log, sources);
        var members = new ArrayList<SimulatedAggregator>();
        for (int i = 0; i < 2; i++) {
            members.add(
                    new SimulatedAggregator(
                            CONFIG, log, outputs, () -> (long) (random.nextExponential() * 8)));
        }
        for (int number = 0; number < SimulatedLog.PARTITIONS; number++) {
            ofAllSources(number).forEach(members.get(random.nextInt(2))::take);
        }
        for (int step = 0; step < STEPS; step++) {
            for (int i = random.nextInt(8); i > 0; i--) {
                traffic.append();
            }
            for (var site : sites) {
                site.look();
                if (random.nextInt(20) == 0) {
                    site.cut(!site.isCut());
                }
                site.mirror(random, random.nextInt(10) == 0 ? 1_000 : 8);
            }
            var one = members.get(random.nextInt(2));
            var other = members.get(random.nextInt(2));
            switch (random.nextInt(30)) {
                case 0, 1 -> one.crash().forEach(members.get(random.nextInt(2))::take);
                // A transaction that was given up.
                case 2 -> one.crash().forEach(one::take);
                case 3, 4 -> move(random, one, other);
                case 5, 6 -> leader.look(POLICIES.get(random.nextInt(POLICIES.size())));
                case 7 -> one.letGo(1 + random.nextInt(3_000));
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
        comeToRest(random, log, sites, members, named);
        return outputs;
    }

    /// What the group gives to one member together.
    private static List<Integer> ofAllSources(int number) {
        return IntStream.rangeClosed(0, SITES.size())
                .mapToObj(source -> source * SimulatedLog.PARTITIONS + number)
                .toList();
    }

    private static void move(Random random, SimulatedAggregator from, SimulatedAggregator to) {
        from.commit();
        for (int number = 0; number < SimulatedLog.PARTITIONS; number++) {
            if (from.partitions().contains(number) && random.nextBoolean()) {
                ofAllSources(number).forEach(from::drop);
                ofAllSources(number).forEach(to::take);
            }
        }
    }

    private static void comeToRest(
            Random random,
            SimulatedLog log,
            List<SimulatedSite> sites,
            List<SimulatedAggregator> members,
            String named) {
        for (int i = 0;
                !members.stream().allMatch(SimulatedAggregator::rests)
                        || !sites.stream().allMatch(SimulatedSite::isMirrored);
                i++) {
            assertThat(i).as("%s: comes to rest", named).isLessThan(1_000);
            log.time += 100;
            for (var site : sites) {
                site.cut(false);
                site.look();
                site.mirror(random, 1_000);
            }
            for (var member : members) {
                member.step(1_000_000);
                member.mark();
                member.commit();
            }
        }
    }
}
