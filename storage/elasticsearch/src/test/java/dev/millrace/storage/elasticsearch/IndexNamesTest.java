package dev.millrace.storage.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Rotation;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class IndexNamesTest {

    private static final Instant TIME = Instant.parse("2026-09-01T23:20:00Z");

    @Test
    void namesIndicesAsJaegerDoes() {
        // Given
        var names = IndexNames.of(Indices.DAILY, Tenant.DEFAULT);

        // When, Then
        assertThat(names.forWriting(IndexKind.SPAN, TIME)).isEqualTo("jaeger-span-2026-09-01");
        assertThat(names.forWriting(IndexKind.SERVICE, TIME))
                .isEqualTo("jaeger-service-2026-09-01");
        assertThat(names.forWriting(IndexKind.DEPENDENCIES, TIME))
                .isEqualTo("jaeger-dependencies-2026-09-01");
    }

    @Test
    void namesAliasesAsJaegerDoes() {
        // Given
        var names =
                IndexNames.of(indices("prod", Layout.ROLLOVER, "-", Rotation.DAY), Tenant.DEFAULT);

        // When, Then
        assertThat(names.forWriting(IndexKind.SPAN, TIME)).isEqualTo("prod-jaeger-span-write");
        assertThat(names.readAlias(IndexKind.SPAN)).isEqualTo("prod-jaeger-span-read");
        assertThat(names.firstRollover(IndexKind.SPAN)).isEqualTo("prod-jaeger-span-000001");
    }

    @ParameterizedTest
    @CsvSource({
        "-, DAY, jaeger-span-2026-09-01",
        "., DAY, jaeger-span-2026.09.01",
        "'', DAY, jaeger-span-20260901",
        "-, HOUR, jaeger-span-2026-09-01-23",
        "'', HOUR, jaeger-span-2026090123"
    })
    void writesDatesAsItIsTold(String separator, Rotation rotation, String expected) {
        // Given
        var names = IndexNames.of(indices("", Layout.DAILY, separator, rotation), Tenant.DEFAULT);

        // When
        var name = names.forWriting(IndexKind.SPAN, TIME);

        // Then
        assertThat(name).isEqualTo(expected);
        assertThat(names.window(IndexKind.SPAN, name))
                .hasValueSatisfying(window -> {
                    assertThat(TIME).isBetween(window.start(), window.end());
                    assertThat(Duration.between(window.start(), window.end()))
                            .isEqualTo(
                                    rotation == Rotation.DAY
                                            ? Duration.ofDays(1)
                                            : Duration.ofHours(1));
                });
    }

    @Test
    void takesNoNameForItsOwnThatIsNot() {
        // Given
        var names = IndexNames.of(Indices.DAILY, Tenant.DEFAULT);

        // When, Then
        for (var name :
                new String[] {
                    "jaeger-span-archive",
                    "jaeger-span-read",
                    "jaeger-span-000001",
                    "jaeger-span-2026-09-01-old",
                    "other-jaeger-span-2026-09-01",
                    "jaeger-service-2026-09-01",
                    "jaeger-span-jaeger-span-2026-09-01"
                }) {
            assertThat(names.window(IndexKind.SPAN, name)).as(name).isEmpty();
        }
    }

    @Test
    void keepsTenantsApartWhateverTheirNames() {
        // Given
        var tenants = new String[] {"acme", "Acme", "ACME", "-acme", "a.b_c-d", ".", "jaeger-span"};
        var seen = new HashSet<String>();

        // When, Then
        seen.add(IndexNames.of(Indices.DAILY, Tenant.DEFAULT).forWriting(IndexKind.SPAN, TIME));
        for (var tenant : tenants) {
            var names = IndexNames.of(Indices.DAILY, new Tenant(tenant));
            String name = names.forWriting(IndexKind.SPAN, TIME);
            assertThat(seen.add(name)).as(tenant).isTrue();
            assertThat(name).as(tenant).matches("[a-z0-9=][a-z0-9=._-]*");
            assertThat(names.window(IndexKind.SPAN, name)).as(tenant).isPresent();
            assertThat(IndexNames.windowOfAny(Indices.DAILY, IndexKind.SPAN, name))
                    .as(tenant)
                    .isPresent();
        }
        assertThat(seen).contains("acme-jaeger-span-2026-09-01", "=41cme-jaeger-span-2026-09-01");
    }

    private static Indices indices(
            String prefix, Layout layout, String separator, Rotation rotation) {
        return new Indices(prefix, layout, separator, rotation, Rotation.DAY, 1, 0, true);
    }
}
