package dev.millrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cache.SharedBytes.Claim;
import dev.millrace.cache.SharedBytes.Found;
import dev.millrace.cache.SharedBytes.Kept;
import dev.millrace.cache.SharedBytes.Missing;
import dev.millrace.model.Slice;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is kept under a name, and who may put it there.
abstract class SharedBytesContract {

    private static final Duration KEPT = Duration.ofMinutes(5);

    abstract SharedBytes bytes();

    static Slice text(String text) {
        return Slice.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private Claim claim(String name) {
        var found = bytes().find(name);
        assertThat(found).isInstanceOf(Missing.class);
        return ((Missing) found).claim();
    }

    @Test
    void givesBackWhatWasPutWithAClaim() {
        // When
        bytes().put("a", claim("a"), text("one"), KEPT);
        bytes().put("b", claim("b"), text(""), KEPT);

        // Then
        assertThat(bytes().find("a")).isEqualTo(new Kept(text("one")));
        assertThat(bytes().find("b")).isEqualTo(new Kept(text("")));
    }

    @Test
    void letsThoseWhoLookAtOnceShareAClaimThatTheFirstUsesUp() {
        // Given
        var first = claim("a");
        var second = claim("a");

        // When
        bytes().put("a", second, text("one"), KEPT);
        bytes().put("a", first, text("two"), KEPT);

        // Then
        assertThat(bytes().find("a")).isEqualTo(new Kept(text("one")));
    }

    @Test
    void refusesWhatWasClaimedBeforeItWasForgotten() {
        // Given
        var early = claim("a");
        bytes().forget(List.of("a", "b"));
        var late = claim("a");

        // When
        bytes().put("a", early, text("old"), KEPT);

        // Then
        assertThat(claim("a")).isEqualTo(late).isNotEqualTo(early);
        bytes().put("a", late, text("new"), KEPT);
        assertThat(bytes().find("a")).isEqualTo(new Kept(text("new")));
    }

    @Test
    void forgetsWhatIsKept() {
        // Given
        bytes().put("a", claim("a"), text("one"), KEPT);
        bytes().put("b", claim("b"), text("two"), KEPT);

        // When
        bytes().forget(List.of("a", "c"));

        // Then
        assertThat(bytes().find("a")).isInstanceOf(Missing.class);
        assertThat(bytes().find("b")).isEqualTo(new Kept(text("two")));
    }

    @Test
    void givesUpWhatIsKeptForANewClaim() {
        // Given
        bytes().put("a", claim("a"), text("old"), KEPT);

        // When
        var claim = bytes().reclaim("a");

        // Then
        Found found = bytes().find("a");
        assertThat(found).isEqualTo(new Missing(claim));
        bytes().put("a", claim, text("new"), KEPT);
        assertThat(bytes().find("a")).isEqualTo(new Kept(text("new")));
    }
}
