package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.storage.kafka.AskingPlan.Ask;
import dev.millrace.storage.kafka.AskingPlan.Missing;
import dev.millrace.storage.kafka.Place.Here;
import dev.millrace.storage.kafka.Place.There;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who is asked, for what, and in which order.
final class AskingPlanTest {

    private static final Place HERE = new Here();
    private static final Place ONE = there(1);
    private static final Place TWO = there(2);
    private static final Place THREE = there(3);
    private static final long HEDGE = 500;

    private final Map<Integer, List<Place>> places = new HashMap<>();

    private static Place there(int number) {
        return new There(new Peer("instance", number));
    }

    private static String broken(int partition) {
        return "is broken";
    }

    private AskingPlan plan(Integer... partitions) {
        return new AskingPlan(
                List.of(partitions), partition -> places.getOrDefault(partition, List.of()), HEDGE);
    }

    private static List<String> texts(List<Ask> asks) {
        return asks.stream().map(Ask::toString).toList();
    }

    @Test
    void asksEachPlaceOnceForAllPartitionsThatItIsTheBestOneFor() {
        // Given
        places.put(0, List.of(HERE, ONE));
        places.put(1, List.of(ONE, TWO));
        places.put(2, List.of(HERE));
        places.put(3, List.of(ONE, HERE));

        // When
        var asks = plan(0, 1, 2, 3).begin(0);

        // Then
        assertThat(texts(asks))
                .containsExactly("this instance for [0, 2]", "instance:1 for [1, 3]");
    }

    @Test
    void goesOnToTheStandbyOfEachPartitionAtOnceWhenAPlaceFails() {
        // Given
        places.put(0, List.of(ONE, TWO));
        places.put(1, List.of(ONE, THREE));
        var plan = plan(0, 1);
        var ask = plan.begin(0).getFirst();

        // When
        var next = plan.ended(ask, AskingPlanTest::broken, 1);

        // Then
        assertThat(texts(next)).containsExactly("instance:2 for [0]", "instance:3 for [1]");
        assertThat(plan.settled()).isFalse();
    }

    @Test
    void asksTheStandbyTooWhenAPlaceIsSilent() {
        // Given
        places.put(0, List.of(ONE, TWO));
        var plan = plan(0);
        var slow = plan.begin(100).getFirst();

        // When, Then
        assertThat(plan.lookAgainAt()).isEqualTo(100 + HEDGE);
        assertThat(plan.overdue(99 + HEDGE)).isEmpty();
        assertThat(texts(plan.overdue(100 + HEDGE))).containsExactly("instance:2 for [0]");
        assertThat(plan.overdue(101 + HEDGE)).isEmpty();

        // When: the silent one is faster after all.
        assertThat(plan.answered(slow, Set.of(0))).containsExactly(0);

        // Then
        assertThat(plan.ended(slow, AskingPlanTest::broken, 700)).isEmpty();
        assertThat(plan.settled()).isTrue();
        assertThat(plan.missing()).isEmpty();
    }

    @Test
    void takesWhatTwoPlacesSayOfAPartitionOnce() {
        // Given
        places.put(0, List.of(ONE, TWO));
        places.put(1, List.of(ONE, THREE));
        var plan = plan(0, 1);
        var slow = plan.begin(0).getFirst();
        var standby = plan.overdue(HEDGE).getFirst();

        // When, Then
        assertThat(plan.answered(standby, Set.of(0))).containsExactly(0);
        assertThat(plan.answered(slow, Set.of(0, 1))).containsExactly(1);
        assertThat(plan.settled()).isTrue();
    }

    @Test
    void waitsForTheStandbyWhenTheOneThatWasSilentFails() {
        // Given
        places.put(0, List.of(ONE, TWO, THREE));
        var plan = plan(0);
        var slow = plan.begin(0).getFirst();
        var standby = plan.overdue(HEDGE).getFirst();

        // When, Then
        assertThat(plan.ended(slow, AskingPlanTest::broken, HEDGE + 1)).isEmpty();
        assertThat(texts(plan.ended(standby, AskingPlanTest::broken, HEDGE + 2)))
                .containsExactly("instance:3 for [0]");
    }

    @Test
    void asksNobodyElseForWhatAnInstanceDidHave() {
        // Given
        places.put(0, List.of(ONE, TWO));
        places.put(1, List.of(ONE, TWO));
        var plan = plan(0, 1);
        var ask = plan.begin(0).getFirst();

        // When
        plan.answered(ask, Set.of(1));
        var next = plan.ended(ask, _ -> "does not have it", 1);

        // Then
        assertThat(texts(next)).containsExactly("instance:2 for [0]");
    }

    @Test
    void saysWhatBecameOfEveryPlaceThatWasAsked() {
        // Given
        places.put(3, List.of(ONE, TWO));
        var plan = plan(3);
        var first = plan.begin(0).getFirst();
        var second = plan.ended(first, _ -> "does not have it", 1).getFirst();

        // When
        var next = plan.ended(second, AskingPlanTest::broken, 2);

        // Then
        assertThat(next).isEmpty();
        assertThat(plan.settled()).isTrue();
        assertThat(plan.missing())
                .containsExactly(
                        new Missing(
                                3, List.of("instance:1 does not have it", "instance:2 is broken")));
    }

    @Test
    void saysThatNobodyHasAPartition() {
        // Given
        places.put(0, List.of(HERE));
        var plan = plan(0, 1);

        // When
        plan.answered(plan.begin(0).getFirst(), Set.of(0));

        // Then
        assertThat(plan.settled()).isTrue();
        assertThat(plan.missing()).containsExactly(new Missing(1, List.of()));
    }

    @Test
    void findsAPartitionWhereItHasMovedMeanwhile() {
        // Given
        places.put(0, List.of(ONE));
        var plan = plan(0);
        var ask = plan.begin(0).getFirst();

        // When
        places.put(0, List.of(TWO));

        // Then
        assertThat(texts(plan.ended(ask, AskingPlanTest::broken, 1)))
                .containsExactly("instance:2 for [0]");
    }

    @Test
    void namesThoseThatWereSilentWhenItGivesUp() {
        // Given
        places.put(0, List.of(ONE));
        var plan = plan(0);
        plan.begin(0);

        // When
        plan.giveUp("gave no answer within PT10S");

        // Then
        assertThat(plan.settled()).isTrue();
        assertThat(plan.missing())
                .containsExactly(new Missing(0, List.of("instance:1 gave no answer within PT10S")));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void endsWithEveryPartitionAnsweredOnceOrEveryPlaceTried(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 200; round++) {
            new Simulation(random).run();
        }
    }

    /// Instances that answer for some partitions, fail or are silent, in any order.
    private final class Simulation {

        private final SplittableRandom random;
        private final int count;
        private final AskingPlan plan;
        private final List<Ask> open = new ArrayList<>();
        private final Set<String> asked = new HashSet<>();
        private final Set<Integer> answered = new HashSet<>();
        private long now;

        private Simulation(SplittableRandom random) {
            this.random = random;
            this.count = 1 + random.nextInt(6);
            places.clear();
            for (int partition = 0; partition < count; partition++) {
                places.put(partition, shuffled());
            }
            this.plan = plan(IntStream.range(0, count).boxed().toArray(Integer[]::new));
        }

        private List<Place> shuffled() {
            var all = new ArrayList<>(List.of(HERE, ONE, TWO, THREE));
            var some = new ArrayList<Place>();
            for (int i = random.nextInt(5); i > 0; i--) {
                some.add(all.remove(random.nextInt(all.size())));
            }
            return some;
        }

        private void run() {
            put(plan.begin(now));
            for (int step = 0; !plan.settled(); step++) {
                assertThat(step).as("steps").isLessThan(1_000);
                now += random.nextInt((int) HEDGE);
                if (open.isEmpty() || random.nextInt(3) == 0) {
                    put(plan.overdue(now));
                } else {
                    end(open.remove(random.nextInt(open.size())));
                }
            }
            for (var missing : plan.missing()) {
                assertThat(answered.add(missing.partition())).isTrue();
                assertThat(missing.failures())
                        .hasSize(places.getOrDefault(missing.partition(), List.of()).size());
            }
            assertThat(answered).hasSize(count);
        }

        private void end(Ask ask) {
            var given = new HashSet<Integer>();
            ask.partitions().stream().filter(_ -> random.nextInt(3) == 0).forEach(given::add);
            for (int taken : plan.answered(ask, given)) {
                assertThat(answered.add(taken)).as("partition %s", taken).isTrue();
            }
            put(plan.ended(ask, AskingPlanTest::broken, now));
        }

        private void put(List<Ask> asks) {
            for (var ask : asks) {
                for (int partition : ask.partitions()) {
                    assertThat(asked.add(ask.place() + " " + partition)).as("%s", ask).isTrue();
                }
                open.add(ask);
            }
        }
    }
}
