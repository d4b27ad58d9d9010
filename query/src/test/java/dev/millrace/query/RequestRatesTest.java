package dev.millrace.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RequestRatesTest {

    private static final Tenant SHOP = new Tenant("shop");
    private static final Tenant BANK = new Tenant("bank");

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1_000_000);

    @Test
    void allowsASecondsWorthAtOnceAndThenTheRate() {
        // Given
        var rates = new RequestRates(new RequestRateConfig(4, Map.of()), now::get);

        // Then
        for (int i = 0; i < 4; i++) {
            assertThat(rates.charge(SHOP)).isZero();
        }
        assertThat(rates.charge(SHOP)).isEqualTo(Duration.ofMillis(250));
        now.addAndGet(Duration.ofMillis(250).toNanos());
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(SHOP)).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void savesNoMoreThanASecondUp() {
        // Given
        var rates = new RequestRates(new RequestRateConfig(2, Map.of()), now::get);
        assertThat(rates.charge(SHOP)).isZero();

        // When
        now.addAndGet(Duration.ofHours(1).toNanos());

        // Then
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(SHOP)).isPositive();
    }

    @Test
    void countsEachTenantByItselfAndByItsOwnRate() {
        // Given
        var rates = new RequestRates(new RequestRateConfig(1, Map.of(BANK, 0)), now::get);

        // Then
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(SHOP)).isPositive();
        assertThat(rates.charge(new Tenant("other"))).isZero();
        for (int i = 0; i < 100; i++) {
            assertThat(rates.charge(BANK)).isZero();
        }
        assertThat(rates.refusal(SHOP, Duration.ofMillis(7)))
                .isEqualTo(
                        "tenant shop: too many requests; ask again in 7 ms (expected: at most 1 in a second)");
    }

    @Test
    void remembersABoundedNumberOfTenants() {
        // Given
        var rates = new RequestRates(new RequestRateConfig(1, Map.of()), now::get);
        for (int i = 0; i < RequestRates.MOST_TENANTS; i++) {
            assertThat(rates.charge(new Tenant("tenant-" + i))).isZero();
        }

        // Then: those that come now share an account until others are as good as new
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(BANK)).isPositive();
        now.addAndGet(Duration.ofSeconds(3).toNanos());
        assertThat(rates.charge(SHOP)).isZero();
        assertThat(rates.charge(BANK)).isZero();
    }

    @Test
    void refusesARateBelowNone() {
        assertThatThrownBy(() -> new RequestRateConfig(-1, Map.of()))
                .hasMessage("requests: -1 (expected: 0 for any number, or more)");
        assertThatThrownBy(() -> new RequestRateConfig(0, Map.of(SHOP, -2)))
                .hasMessage("requests of shop: -2 (expected: 0 for any number, or more)");
    }
}
