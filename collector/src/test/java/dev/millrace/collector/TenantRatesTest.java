package dev.millrace.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class TenantRatesTest {

    private static final Tenant A = new Tenant("a");
    private static final Tenant B = new Tenant("b");

    // Just before the clock's numbers overflow: only differences may count.
    private long now = Long.MAX_VALUE - 1000;

    @Test
    void takesASecondsWorthAtOnce() {
        // Given
        var rates = rates(new Rate(new ByteSize(1000), 0));

        // When
        rates.charge(A, 1000, 1);

        // Then
        assertThatCode(() -> rates.check(A)).doesNotThrowAnyException();
    }

    @Test
    void tellsTheTrueDelay() {
        // Given
        var rates = rates(new Rate(new ByteSize(1000), 0));
        rates.charge(A, 1500, 1);

        // When
        var refusal = refused(rates, A);

        // Then
        assertThat(refusal.outcome()).isEqualTo(Outcome.OVER_RATE);
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(500));
        assertThat(refusal.message())
                .isEqualTo(
                        "tenant a: ahead of its rate by 500 ms (expected: at most 1000 bytes in a"
                                + " second)");
        pass(Duration.ofMillis(499));
        assertThat(refused(rates, A).retryAfter()).isEqualTo(Duration.ofMillis(1));
        pass(Duration.ofMillis(1));
        assertThatCode(() -> rates.check(A)).doesNotThrowAnyException();
    }

    @Test
    void takesOneRequestOfAnySize() {
        // Given
        var rates = rates(new Rate(new ByteSize(10), 0));

        // When
        rates.charge(A, 1 << 30, 1);

        // Then
        assertThat(refused(rates, A).retryAfter())
                .isEqualTo(Duration.ofSeconds((1 << 30) / 10 - 1).plusMillis(400));
    }

    @Test
    void countsSpansBesideBytes() {
        // Given
        var rates = rates(new Rate(new ByteSize(1_000_000), 10));

        // When
        rates.charge(A, 1, 30);

        // Then
        assertThat(refused(rates, A).message()).contains("at most 10 spans in a second");
    }

    @Test
    void letsNobodyElseWait() {
        // Given
        var rates = rates(new Rate(new ByteSize(10), 0));

        // When
        rates.charge(A, 1000, 1);

        // Then
        assertThatCode(() -> rates.charge(B, 10, 1)).doesNotThrowAnyException();
    }

    @Test
    void givesATenantItsOwnRate() {
        // Given
        var rates =
                new TenantRates(
                        new Rates(new Rate(new ByteSize(10), 0), Map.of(B, Rate.UNLIMITED)),
                        () -> now);

        // When
        rates.charge(A, 1000, 1);
        rates.charge(B, 1000, 1);

        // Then
        assertThatThrownBy(() -> rates.check(A)).isInstanceOf(RefusedException.class);
        assertThatCode(() -> rates.check(B)).doesNotThrowAnyException();
    }

    @Test
    void takesABookingBack() {
        // Given
        var rates = rates(new Rate(new ByteSize(10), 10));
        rates.charge(A, 1000, 1000);

        // When
        rates.refund(A, 1000, 1000);

        // Then
        assertThatCode(() -> rates.charge(A, 10, 10)).doesNotThrowAnyException();
    }

    @Test
    void savesUpNoMoreThanASecond() {
        // Given
        var rates = rates(new Rate(new ByteSize(1000), 0));
        rates.charge(A, 1, 1);

        // When
        pass(Duration.ofHours(1));
        rates.charge(A, 2000, 1);

        // Then
        assertThat(refused(rates, A).retryAfter()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void remembersABoundedNumberOfTenants() {
        // Given
        var rates = rates(new Rate(new ByteSize(10), 0));
        for (int i = 0; i < TenantRates.MOST_TENANTS; i++) {
            rates.charge(new Tenant("t" + i), 100, 1);
        }

        // When
        rates.charge(A, 100, 1);

        // Then
        assertThatThrownBy(() -> rates.check(B))
                .as("who came too late shares an account")
                .isInstanceOf(RefusedException.class);
        pass(Duration.ofSeconds(20));
        rates.charge(A, 100, 1);
        assertThatCode(() -> rates.check(B)).as("there is room again").doesNotThrowAnyException();
    }

    private TenantRates rates(Rate each) {
        return new TenantRates(new Rates(each, Map.of()), () -> now);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private static Refusal refused(TenantRates rates, Tenant tenant) {
        return Objects.requireNonNull(
                        catchThrowableOfType(RefusedException.class, () -> rates.check(tenant)))
                .refusal();
    }
}
