package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.TraceVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Whoever knows the version of a trace learns from it whether the trace has grown.
public interface VersionContract extends StoreUnderTest {

    @Test
    default void hasNoVersionOfATraceThatItDoesNotKeep() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When
        var version = store().version(Tenant.DEFAULT, trace(2));

        // Then
        assertThat(version).isEqualTo(TraceVersion.NONE);
    }

    @Test
    default void hasAnotherVersionAfterEachFragmentOfATrace() {
        // Given
        var seen = new HashSet<TraceVersion>();
        seen.add(version());

        // When, Then
        for (int i = 0; i < 4; i++) {
            // The third says the same of times as the second, the last lies in another window.
            long start = i == 3 ? TIME + 3 * window().toNanos() : TIME + Math.min(i, 1);
            write(List.of(fragment(i, span(trace(1), i + 1L, start))));
            assertThat(seen.add(version())).as("fragment %s", i).isTrue();
        }
    }

    @Test
    default void hasTheSameVersionWhileNothingIsAddedToTheTrace() {
        // Given
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME), span(trace(1), 2, TIME)),
                        fragment(1, span(trace(1), 3, TIME))));
        var before = version();

        // When
        write(List.of(fragment(2, span(trace(2), 1, TIME))));
        var after = version();
        reopenedStore();

        // Then
        assertThat(after).isEqualTo(before);
        assertThat(version()).isEqualTo(before);
    }

    @Test
    default void hasVersionsOfEachTenantApart() {
        // Given
        var other = new Tenant("other");
        write(List.of(fragment(0, span(trace(1), 1, TIME))));
        var before = version();

        // When, Then
        answersOrRefuses(
                Set.of(Capability.TENANTS),
                () -> {
                    write(
                            List.of(
                                    fragment(other, 1, span(trace(1), 2, TIME + 1)),
                                    fragment(other, 2, span(trace(1), 3, TIME + 2))));
                    return store().version(other, trace(1));
                },
                found -> {
                    assertThat(found).isNotEqualTo(before).isNotEqualTo(TraceVersion.NONE);
                    assertThat(version()).isEqualTo(before);
                });
    }

    private TraceVersion version() {
        return store().version(Tenant.DEFAULT, trace(1));
    }
}
