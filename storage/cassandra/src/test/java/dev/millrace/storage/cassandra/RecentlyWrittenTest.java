package dev.millrace.storage.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RecentlyWrittenTest {

    private final AtomicLong time = new AtomicLong();
    private final RecentlyWritten<String> recent = new RecentlyWritten<>(time::get);

    @Test
    void leavesOutWhatWasWrittenAShortWhileAgo() {
        // Given
        recent.add(List.of("a", "b"), recent.now());

        // When
        time.set(RecentlyWritten.AGAIN_AFTER.toNanos() - 1);

        // Then
        assertThat(recent.rest(List.of("a", "c", "b"))).containsExactly("c");
    }

    @Test
    void hasItWrittenAgainAfterAWhile() {
        // Given
        recent.add(List.of("a"), recent.now());

        // When
        time.set(RecentlyWritten.AGAIN_AFTER.toNanos());

        // Then
        assertThat(recent.rest(List.of("a"))).containsExactly("a");
    }

    @Test
    void hasEverythingWrittenAgainOnceItForgot() {
        // Given
        recent.add(List.of("a"), recent.now());

        // When
        recent.forget();

        // Then
        assertThat(recent.rest(List.of("a"))).containsExactly("a");
    }
}
