package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.TraceSearch;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What is too old goes, a whole window at a time.
public interface ExpiryContract extends StoreUnderTest {

    @Test
    default void givesUpWindowsThatLieWhollyBeforeTheHorizon() {
        // Given
        long later = TIME + window().toNanos();
        write(
                List.of(
                        fragment(0, span(trace(1), 1, TIME).resource(resource("old"))),
                        fragment(1, span(trace(2), 1, later))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.EXPIRY),
                () -> store().expire(endOfWindow(TIME)),
                expired -> {
                    assertThat(expired).isEqualTo(Expired.tooOld(1));
                    assertThat(store().trace(Tenant.DEFAULT, trace(1))).isEmpty();
                    assertThat(store().services(Tenant.DEFAULT)).containsExactly("shop");
                    finds(Set.of(), TraceSearch.builder().service("shop"), trace(2));
                    finds(Set.of(), TraceSearch.builder().service("old"));
                });
    }

    @Test
    default void keepsAWindowThatTheHorizonLiesIn() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.EXPIRY),
                () -> store().expire(endOfWindow(TIME).minusSeconds(1)),
                expired -> {
                    assertThat(expired).isEqualTo(Expired.NONE);
                    assertThat(store().trace(Tenant.DEFAULT, trace(1))).isPresent();
                });
    }

    @Test
    default void doesNotBringBackWhatHasExpired() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.EXPIRY),
                () -> store().expire(endOfWindow(TIME)),
                _ -> assertThat(reopenedStore().trace(Tenant.DEFAULT, trace(1))).isEmpty());
    }

    @Test
    default void takesInDataForAWindowThatHasExpired() {
        // Given
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.EXPIRY),
                () -> store().expire(endOfWindow(TIME)),
                _ -> {
                    write(List.of(fragment(1, span(trace(2), 1, TIME))));
                    assertThat(store().trace(Tenant.DEFAULT, trace(2))).isPresent();
                    assertThat(store().trace(Tenant.DEFAULT, trace(1))).isEmpty();
                });
    }

    private Instant endOfWindow(long nanos) {
        long length = window().toNanos();
        return Instant.EPOCH.plus(Duration.ofNanos((nanos / length + 1) * length));
    }
}
