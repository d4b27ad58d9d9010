package dev.millrace.storage.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AttributeValue;
import dev.millrace.model.Tenant;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Texts, times and names as Jaeger and Cassandra have them.
final class JaegerTextTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "-1.5, -1.5",
        "100, 100",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "0.0000123, 1.23e-05",
        "123456789.123456789, 123456789.1",
        "9999999999, 9999999999",
        "10000000000, 1e+10",
        "-1.25e100, -1.25e+100",
        "0.333333333333333, 0.3333333333",
        "NaN, NaN",
        "Infinity, +Inf"
    })
    void writesRealNumbersAsGoDoes(double number, String text) {
        assertThat(TagText.of(new AttributeValue.Real(number))).contains(text);
    }

    @Test
    void indexesWhatIsShortAndNoObject() {
        assertThat(TagText.isIndexed("key", "x".repeat(255))).isTrue();
        assertThat(TagText.isIndexed("key", "x".repeat(256))).isFalse();
        assertThat(TagText.isIndexed("key", "ü".repeat(128))).isFalse();
        assertThat(TagText.isIndexed("x".repeat(256), "value")).isFalse();
        assertThat(TagText.isIndexed("key", "{\"a\":1}")).isFalse();
    }

    @Test
    void roundsTheStartOfASpanToTheNearestHour() {
        long hour = 3_600_000_000_000L;
        assertThat(Times.nearestHour(hour / 2 - 1)).isEqualTo(Instant.EPOCH);
        assertThat(Times.nearestHour(hour / 2)).isEqualTo(Instant.ofEpochSecond(3_600));
        assertThat(Times.nearestHour(hour + hour / 2 - 1)).isEqualTo(Instant.ofEpochSecond(3_600));
    }

    @Test
    void knowsTheNanosecondsThatMicrosecondsStandFor() {
        assertThat(Times.micros(1_999)).isEqualTo(1);
        assertThat(Times.micros(-1)).isEqualTo(-1);
        assertThat(Times.lastNanos(1)).isEqualTo(1_999);
        assertThat(Times.lastNanos(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        assertThat(Times.lastNanos(Times.micros(Long.MAX_VALUE))).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void givesEveryTenantAKeyspaceOfItsOwn() {
        assertThat(TenantKeyspace.of("jaeger", Tenant.DEFAULT)).isEqualTo("jaeger");
        assertThat(TenantKeyspace.of("jaeger", new Tenant("acme"))).isEqualTo("jaeger_t_acme");
        assertThat(TenantKeyspace.of("jaeger", new Tenant("Acme")))
                .startsWith("jaeger_h_")
                .isNotEqualTo(TenantKeyspace.of("jaeger", new Tenant("ACME")));
        assertThat(TenantKeyspace.of("k".repeat(29), new Tenant("a".repeat(64))))
                .hasSizeLessThanOrEqualTo(48);
    }
}
