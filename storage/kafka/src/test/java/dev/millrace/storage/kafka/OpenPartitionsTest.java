package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.ByteSize;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.kafka.OpenPartitions.Stage;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class OpenPartitionsTest {

    private long now;
    private final OpenPartitions open = new OpenPartitions(() -> now);

    /// A partition that has come so far.
    private record Reached(long next) implements OpenPartition {

        @Override
        public Contents contents() {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "nothing is here");
        }

        @Override
        public void write() {}

        @Override
        public void writeOverdue() {}

        @Override
        public void expire(Instant horizon, ByteSize maxSize) {}
    }

    private void follow(OpenPartition partition) {
        open.opened(0, partition);
        open.reached(0, partition, Stage.FOLLOWED);
    }

    @Test
    void oneThatIsOpenedForTheFirstTimeIsBeingBuilt() {
        // When
        open.opened(0, new Reached(7));

        // Then
        assertThat(open.stage(0)).contains(Stage.BUILDING);
    }

    @Test
    void oneThatWasFollowedUntilJustNowAnswersAsACopy() {
        // Given
        var followed = new Reached(7);
        follow(followed);

        // When
        open.closed(0, followed);
        now += Duration.ofSeconds(2).toNanos();
        open.opened(0, new Reached(7));

        // Then
        assertThat(open.stage(0)).contains(Stage.COPY);
    }

    @Test
    void oneThatWasAwayForLongOrHasLostSomethingIsBeingBuilt() {
        // Given
        var first = new Reached(7);
        follow(first);
        open.closed(0, first);

        // When
        now += Duration.ofSeconds(11).toNanos();
        var second = new Reached(7);
        open.opened(0, second);

        // Then
        assertThat(open.stage(0)).as("after 11 s").contains(Stage.BUILDING);

        // When
        open.reached(0, second, Stage.FOLLOWED);
        open.closed(0, second);
        open.opened(0, new Reached(6));

        // Then
        assertThat(open.stage(0)).as("one record fewer").contains(Stage.BUILDING);
    }

    @Test
    void oneThatWasClosedWhileItWasBeingBuiltIsBuiltAgain() {
        // Given
        var building = new Reached(7);
        open.opened(0, building);

        // When
        open.closed(0, building);
        open.opened(0, new Reached(7));

        // Then
        assertThat(open.stage(0)).contains(Stage.BUILDING);
    }
}
