package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {

    @Test
    void takesUpToTheLastByteAndNotOneMore() {
        // Given
        var admission = new Admission(100);
        var ticket = admission.open();
        ticket.add(60);
        ticket.add(40);

        // When, Then
        assertThatThrownBy(() -> admission.open().add(1))
                .isInstanceOfSatisfying(
                        RefusedException.class,
                        e -> {
                            assertThat(e.refusal().outcome()).isEqualTo(Outcome.OVER_CAPACITY);
                            assertThat(e.refusal().retryAfter()).isEqualTo(Duration.ofSeconds(1));
                            assertThat(e)
                                    .hasMessage(
                                            "requests in flight: 100 bytes (expected: room for 1"
                                                    + " more below 100)");
                        });
        assertThat(admission.inFlight()).isEqualTo(100);
    }

    @Test
    void givesBackWhenTheLastHolderLetsGo() {
        // Given
        var admission = new Admission(100);
        var ticket = admission.open();
        ticket.add(60);
        ticket.hold();

        // When
        ticket.release();

        // Then
        assertThat(admission.inFlight()).isEqualTo(60);
        ticket.release();
        assertThat(admission.inFlight()).isZero();
    }

    @Test
    void countsWhatARequestBecomesWhenDecompressed() {
        // Given
        var admission = new Admission(100);
        var ticket = admission.open();
        ticket.add(10);

        // When
        ticket.resize(90);

        // Then
        assertThat(admission.inFlight()).isEqualTo(90);
        ticket.resize(5);
        assertThat(admission.inFlight()).isEqualTo(5);
        assertThatThrownBy(() -> ticket.resize(101)).isInstanceOf(RefusedException.class);
        assertThat(admission.inFlight()).isEqualTo(5);
    }

    @Test
    void countsNothingForARequestThatIsOver() {
        // Given
        var admission = new Admission(100);
        var ticket = admission.open();
        ticket.release();

        // When
        ticket.add(10);
        ticket.resize(20);

        // Then
        assertThat(admission.inFlight()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 20_261_121})
    void isExactUnderManyThreads(long seed) {
        // Given
        var admission = new Admission(1_000);
        var most = new AtomicLong();
        var refused = new AtomicLong();
        var random = new SplittableRandom(seed);

        // When
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 200; i++) {
                var own = random.split();
                threads.execute(() -> {
                    for (int round = 0; round < 50; round++) {
                        var ticket = admission.open();
                        try {
                            ticket.add(own.nextInt(300));
                            ticket.resize(own.nextInt(300));
                        } catch (RefusedException _) {
                            refused.incrementAndGet();
                        }
                        most.accumulateAndGet(admission.inFlight(), Math::max);
                        ticket.release();
                    }
                });
            }
        }

        // Then
        assertThat(most.get()).as("seed %s", seed).isLessThanOrEqualTo(1_000);
        assertThat(refused.get()).as("seed %s", seed).isLessThan(200 * 50);
        assertThat(admission.inFlight()).as("seed %s", seed).isZero();
    }
}
