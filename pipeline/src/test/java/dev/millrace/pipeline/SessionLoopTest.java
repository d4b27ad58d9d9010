package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SessionLoopTest {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore steps = new Semaphore(0);
    private final CountDownLatch stepped = new CountDownLatch(1);
    private int opened;

    private final SessionLoop<Numbered> loop =
            new SessionLoop<>(
                    "numbered",
                    () -> new Numbered(++opened),
                    session -> seen.add("joins " + session.number),
                    failure -> seen.add("failed: " + failure.getMessage()));

    @AfterEach
    void stop() {
        loop.stop();
        steps.release(1_000);
        assertThat(loop.join(PATIENCE)).isTrue();
    }

    /// The first one fails at once; others step as often as they may.
    private final class Numbered implements SessionLoop.Session {

        private final int number;

        Numbered(int number) {
            this.number = number;
        }

        @Override
        public void step() {
            if (number == 1) {
                throw new IllegalStateException("no luck");
            }
            stepped.countDown();
            steps.acquireUninterruptibly();
        }

        @Override
        public void close() {
            seen.add("leaves " + number);
        }
    }

    @Test
    void beginsAnewAfterASessionThatFailed() throws Exception {
        // When
        loop.start(() -> seen.add("opens"));

        // Then
        assertThat(stepped.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(seen)
                .containsExactly("opens", "joins 1", "leaves 1", "failed: no luck", "joins 2");
        assertThat(loop.healthy()).isFalse();

        // When: that step ends
        steps.release(1);
        loop.stop();
        steps.release(1);

        // Then
        assertThat(loop.join(PATIENCE)).isTrue();
        assertThat(seen).last().isEqualTo("leaves 2");
        assertThat(loop.healthy()).isFalse();
    }

    @Test
    void isStartedOnce() {
        // Given
        loop.start(() -> {});

        // When, then
        assertThatThrownBy(() -> loop.start(() -> seen.add("opens again")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("numbered: started before");
        assertThat(seen).doesNotContain("opens again");
    }

    @Test
    void isNotStartedAfterItsEnd() {
        // Given
        loop.stop();

        // When, then
        assertThat(loop.join(PATIENCE)).isTrue();
        assertThatThrownBy(() -> loop.start(() -> {})).isInstanceOf(IllegalStateException.class);
    }
}
