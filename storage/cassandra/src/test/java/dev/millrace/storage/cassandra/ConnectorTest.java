package dev.millrace.storage.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class ConnectorTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SOON = Duration.ofMillis(50);

    private final AtomicInteger attempts = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// What is connected to.
    private final class Link implements AutoCloseable {
        @Override
        public void close() {
            closed.countDown();
        }
    }

    private Connector<Link> connector(Supplier<Link> attempt) {
        return new Connector<>(
                "there",
                () -> {
                    attempts.incrementAndGet();
                    return attempt.get();
                },
                new Connector.Pauses(Duration.ofMillis(1), LONG));
    }

    private static StoreException late() {
        return new StoreException(Kind.UNAVAILABLE, "schema: not made in time");
    }

    @Test
    void isConnectedWhenItHasStarted() {
        try (var connector = connector(Link::new)) {
            // When
            connector.start(LONG);

            // Then
            assertThat(connector.missing()).isEmpty();
            assertThat(connector.connection()).isSameAs(connector.connection());
        }
        assertThat(closed.getCount()).isZero();
    }

    @Test
    void startsAllTheSameAndConnectsLaterWhatIsLate() throws InterruptedException {
        // Given
        var better = new CountDownLatch(1);
        var connected = new CountDownLatch(1);
        try (var connector =
                connector(() -> {
                    if (better.getCount() > 0) {
                        throw late();
                    }
                    connected.countDown();
                    return new Link();
                })) {

            // When
            connector.start(LONG);

            // Then
            assertThat(connector.missing()).contains("schema: not made in time");
            assertThatThrownBy(connector::connection)
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                    .hasMessage("schema: not made in time");

            // When
            better.countDown();
            connected.await();

            // Then
            while (connector.missing().isPresent()) {
                Thread.onSpinWait();
            }
            assertThat(connector.connection()).isNotNull();
            assertThat(attempts.get()).isGreaterThan(1);
        }
    }

    @Test
    void waitsNoLongerThanItsPatience() {
        // Given
        var over = new CountDownLatch(1);
        try (var connector =
                connector(() -> {
                    await(over);
                    return new Link();
                })) {

            // When
            connector.start(SOON);

            // Then
            assertThat(connector.missing()).contains("still connecting to there");
            assertThatThrownBy(connector::connection).hasMessage("still connecting to there");
            over.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new StoreException(Kind.UNAVAILABLE, "interrupted", e);
        }
    }

    @Test
    void doesNotStartWhereSomebodyHasToChangeSettings() {
        // Given
        var cause = new SettingsException("user x is refused");
        try (var connector =
                connector(() -> {
                    throw new StoreException(Kind.UNAVAILABLE, "user x is refused", cause);
                })) {

            // When, Then: and it does not ask again at once
            assertThatThrownBy(() -> connector.start(LONG)).hasMessage("user x is refused");
            assertThat(attempts).hasValue(1);
        }
    }

    @Test
    void doesNotStartWithAMistakeOfOurs() {
        try (var connector =
                connector(() -> {
                    throw new IllegalStateException("oops");
                })) {
            assertThatThrownBy(() -> connector.start(LONG))
                    .isInstanceOfSatisfying(
                            StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.BUG))
                    .hasMessageContaining("oops");
        }
    }
}
