package dev.millrace.storage.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class StoreUnderTestTest {

    @Test
    void checksTheAnswerOfAStoreThatCan() {
        // Given
        var checked = new ArrayList<String>();

        // When
        ableTo(Set.of(Capability.PAGING))
                .answersOrRefuses(Set.of(Capability.PAGING), () -> "answer", checked::add);

        // Then
        assertThat(checked).containsExactly("answer");
    }

    @Test
    void holdsAStoreThatCannotToItsRefusal() {
        // Given
        var store = ableTo(Set.of());

        // When, Then
        store.answersOrRefuses(
                Set.of(Capability.PAGING),
                () -> {
                    throw new StoreException(StoreException.Kind.NOT_SUPPORTED, "no pages");
                },
                answer -> assertThat(answer).isNull());
    }

    @Test
    void failsAStoreThatAnswersWhatItSaysItCannot() {
        // Given
        var store = ableTo(Set.of());

        // When, Then
        assertThatThrownBy(() ->
                        store.answersOrRefuses(Set.of(Capability.PAGING), () -> "answer", _ -> {}))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void failsAStoreThatRefusesForAnotherReason() {
        // Given
        var store = ableTo(Set.of());

        // When, Then
        assertThatThrownBy(() ->
                        store.answersOrRefuses(
                                Set.of(Capability.PAGING),
                                () -> {
                                    throw new StoreException(
                                            StoreException.Kind.UNAVAILABLE, "away");
                                },
                                _ -> {}))
                .isInstanceOf(AssertionError.class);
    }

    private static StoreUnderTest ableTo(Set<Capability> capabilities) {
        return new StoreUnderTest() {
            @Override
            public TraceStore store() {
                throw new AssertionError("not asked for");
            }

            @Override
            public TraceStore reopenedStore() {
                throw new AssertionError("not asked for");
            }

            @Override
            public Set<Capability> capabilities() {
                return capabilities;
            }

            @Override
            public Duration window() {
                return Duration.ofHours(1);
            }
        };
    }
}
