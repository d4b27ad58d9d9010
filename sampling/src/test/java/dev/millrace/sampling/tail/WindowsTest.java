package dev.millrace.sampling.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.sampling.Threshold;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What versions are made of: percentiles of durations, shares of a budget, and their bytes.
class WindowsTest {

    private static final long SEED = 11;
    private static final long SECOND = 1_000;
    private static final RootOperation BUSY = operation("busy");
    private static final RootOperation RARE = operation("rare");
    private static final Verdict HALF = verdict(0.5, 0.5);
    private static final Verdict CERTAIN = verdict(1, 1);

    private static RootOperation operation(String name) {
        return new RootOperation(Tenant.DEFAULT, "shop", name);
    }

    private static Verdict verdict(double byRule, double afterBudget) {
        return new Verdict(
                true,
                "rule",
                Threshold.ofProbability(byRule).value(),
                Threshold.ofProbability(afterBudget).value());
    }

    @Test
    void givesPercentilesWithinTheirAccuracyAndForgetsWhatIsOld() {
        // Given
        var window = new DurationWindow(new DurationWindow.Settings(50 * SECOND, 5, 10, 100, 0.02));
        var random = new Random(SEED);
        for (int i = 0; i < 10_000; i++) {
            window.add(BUSY, SECOND, 1 + random.nextInt(1_000_000), 1);
        }
        window.add(RARE, SECOND, 5, 1);

        // When
        var bounds = window.bounds(Set.of(95.0));

        // Then
        assertThat(bounds.nanos(95, BUSY).orElseThrow())
                .as("seed %s", SEED)
                .isBetween(940_000L, 1_000_000L);
        assertThat(bounds.nanos(95, RARE)).isEmpty();
        window.add(RARE, 51 * SECOND, 5, 1);
        assertThat(window.bounds(Set.of(95.0)).nanos(95, BUSY)).isEmpty();
    }

    @Test
    void weighsDurationsByTheTracesTheyStandForAndStillAsksForEnoughOfThem() {
        // Given: failed traces all came, of the others one in ten.
        var window = new DurationWindow(new DurationWindow.Settings(50 * SECOND, 5, 10, 100, 0.02));
        for (int i = 0; i < 100; i++) {
            window.add(BUSY, SECOND, 9_000, 1);
            window.add(BUSY, SECOND, 1_000, 10);
        }
        for (int i = 0; i < 99; i++) {
            window.add(RARE, SECOND, 1_000, 10);
        }

        // When
        var bounds = window.bounds(Set.of(90.0, 95.0));

        // Then
        assertThat(bounds.nanos(90, BUSY).orElseThrow()).isBetween(1_000L, 1_050L);
        assertThat(bounds.nanos(95, BUSY).orElseThrow()).isBetween(9_000L, 9_400L);
        assertThat(bounds.nanos(90, RARE)).isEmpty();
    }

    @Test
    void countsOnlyWhatTheHeadLetThroughAsDemand() {
        // Given: the rule keeps a half, the budget a tenth, and a fifth passed the head.
        var window = new DemandWindow(10 * SECOND, 1, 10);
        long head = Threshold.ofProbability(0.2).value();
        window.add(BUSY, SECOND, verdict(0.5, 0.1), head, 1_000, 0);

        // When
        var shares = window.shares(new Budget(100, 0));

        // Then: what was kept stands for twice as much.
        assertThat(shares.of(BUSY)).isCloseTo(0.5, within(1e-4));
    }

    @Test
    void takesFromThoseWhoAskForMuchWhatTheBudgetLacks() {
        // Given
        var window = new DemandWindow(10 * SECOND, 1, 10);
        window.add(BUSY, SECOND, HALF, 0, 9_000, 0);
        window.add(RARE, SECOND, HALF, 0, 100, 0);

        // When
        var shares = window.shares(new Budget(400, 0));

        // Then: 4,000 spans fit in ten seconds.
        assertThat(shares.of(RARE)).isEqualTo(1);
        assertThat(shares.of(BUSY)).isCloseTo(3_900 / 9_000.0, within(1e-9));
        assertThat(shares.certain()).isEqualTo(1);
    }

    @Test
    void letsChanceGiveWayToWhatRulesKeepForCertain() {
        // Given
        var window = new DemandWindow(10 * SECOND, 1, 10);
        window.add(BUSY, SECOND, CERTAIN, 0, 3_000, 0);
        window.add(RARE, SECOND, HALF, 0, 4_000, 0);

        // When
        var shares = window.shares(new Budget(400, 0));
        var narrow = window.shares(new Budget(150, 0));

        // Then
        assertThat(shares.certain()).isEqualTo(1);
        assertThat(shares.of(RARE)).isCloseTo(0.25, within(1e-9));
        assertThat(narrow.certain()).isCloseTo(0.5, within(1e-9));
        assertThat(narrow.of(RARE)).isZero();
    }

    @Test
    void countsATraceThatABudgetLetThroughForThoseItDidNot() {
        // Given: the budget in force lets half of what the rule keeps through.
        var window = new DemandWindow(10 * SECOND, 1, 10);
        window.add(BUSY, SECOND, verdict(0.5, 0.25), 0, 1_000, 0);

        // When
        var shares = window.shares(new Budget(100, 0));

        // Then: twice as many asked, so the same half stays.
        assertThat(shares.of(BUSY)).isCloseTo(0.5, within(1e-6));
    }

    @Test
    void holdsToBytesAsToSpans() {
        // Given
        var window = new DemandWindow(10 * SECOND, 1, 10);
        window.add(BUSY, SECOND, HALF, 0, 10, 1_000_000);

        // When, then
        assertThat(window.shares(new Budget(1_000, 50_000)).of(BUSY)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void sharesTheRestAmongOperationsBeyondThoseToldApart() {
        // Given
        var window = new DemandWindow(10 * SECOND, 1, 1);
        window.add(RARE, SECOND, HALF, 0, 100, 0);
        for (int i = 0; i < 10; i++) {
            window.add(operation("other " + i), SECOND, HALF, 0, 1_000, 0);
        }

        // When
        var shares = window.shares(new Budget(110, 0));

        // Then
        assertThat(shares.of(RARE)).isEqualTo(1);
        assertThat(shares.of(operation("other 3"))).isCloseTo(0.1, within(1e-9));
    }

    @Test
    void versionsComeBackFromTheirBytes() {
        // Given
        String policy = "preset: hybrid";
        var version =
                new Version(
                        7,
                        policy,
                        Policy.HYBRID,
                        new SlowBounds(
                                Map.of(
                                        95.0,
                                        Map.of(BUSY, 1_000_000L, RARE, 5L),
                                        99.0,
                                        Map.of(BUSY, 2_000_000L))),
                        new Shares(0.5, Map.of(BUSY, 0.25), 0.75),
                        0.5);

        // When
        var back = VersionCodec.decode(7, Slice.of(VersionCodec.encode(version)));

        // Then
        assertThat(back).isEqualTo(version);
        assertThat(back.decidesAs(version.numbered(8))).isTrue();
        assertThat(back.decidesAs(Version.first(policy))).isFalse();
        assertThat(new SlowBounds(Map.of(95.0, Map.of()))).isEqualTo(SlowBounds.NONE);
    }
}
