package dev.millrace.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.agent.Upstreams.Upstream;
import dev.millrace.model.Tenant;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

final class UpstreamsTest {

    private static final InetSocketAddress ONE = InetSocketAddress.createUnresolved("one", 4317);
    private static final InetSocketAddress TWO = InetSocketAddress.createUnresolved("two", 4317);
    private static final long LONG = Duration.ofMinutes(1).toNanos();

    private final Upstreams upstreams =
            new Upstreams(RandomGeneratorFactory.of("L64X128MixRandom").create(1));

    UpstreamsTest() {
        upstreams.replace(List.of(ONE, TWO), 0);
    }

    private Upstream ask(long now) {
        return upstreams.ask(Set.of(), null, now).orElseThrow();
    }

    @Test
    void allAreAskedInTurn() {
        // When
        var asked = new ArrayList<InetSocketAddress>();
        for (int i = 0; i < 4; i++) {
            var upstream = ask(0);
            asked.add(upstream.address());
            upstreams.succeeded(upstream);
        }

        // Then
        assertThat(asked).containsExactly(ONE, TWO, ONE, TWO);
    }

    @Test
    void theOneWithFewerOpenQuestionsIsAsked() {
        // Given
        var slow = ask(0);
        upstreams.succeeded(ask(0));

        // Then
        assertThat(slow.address()).isEqualTo(ONE);
        assertThat(ask(0).address()).isEqualTo(TWO);
    }

    @Test
    void oneThatFailedIsLeftAloneForLongerEachTimeAndThenTriedOnce() {
        // Given
        upstreams.replace(List.of(ONE), 0);
        long now = 0;
        long last = 0;

        // When
        for (int i = 0; i < 3; i++) {
            upstreams.failed(ask(now), Duration.ZERO, now);
            assertThat(upstreams.isOpen(now)).isFalse();
            long pause = upstreams.untilOpen(now);
            assertThat(pause).isGreaterThan(last / 2);
            last = pause;
            now += pause;
        }

        // Then
        assertThat(upstreams.isOpen(now)).isTrue();
        var tried = ask(now);
        assertThat(upstreams.isOpen(now)).as("a single question tries it").isFalse();
        upstreams.succeeded(tried);
        assertThat(upstreams.isOpen(now)).isTrue();
        assertThat(upstreams.usable(now)).isEqualTo(1);
    }

    @Test
    void oneThatWantsToBeLeftAloneIs() {
        // Given
        upstreams.replace(List.of(ONE), 0);

        // When
        upstreams.failed(ask(0), Duration.ofSeconds(7), 0);

        // Then
        assertThat(upstreams.isOpen(Duration.ofMillis(6_900).toNanos())).isFalse();
        assertThat(upstreams.isOpen(Duration.ofSeconds(7).toNanos())).isTrue();
    }

    @Test
    void severalFailuresAtOnceCountAsOne() {
        // Given
        upstreams.replace(List.of(ONE), 0);
        var first = ask(0);
        var second = ask(0);

        // When
        upstreams.failed(first, Duration.ZERO, 0);
        upstreams.failed(second, Duration.ZERO, 0);

        // Then
        assertThat(upstreams.untilOpen(0)).isLessThanOrEqualTo(Upstreams.FIRST_PAUSE);
    }

    @Test
    void whatIsKnownOfOneOutlivesAResolution() {
        // Given
        upstreams.replace(List.of(ONE), 0);
        upstreams.failed(ask(0), Duration.ofSeconds(10), 0);

        // When
        upstreams.replace(List.of(ONE, TWO), 0);

        // Then
        assertThat(ask(0).address()).isEqualTo(TWO);
        assertThat(upstreams.usable(0)).isEqualTo(1);
        assertThat(upstreams.usable(LONG)).isEqualTo(1);
    }

    @Test
    void nobodyIsAskedWhereNobodyIsKnown() {
        upstreams.replace(List.of(), 0);

        assertThat(upstreams.ask(Set.of(), null, 0)).isEmpty();
        assertThat(upstreams.isOpen(0)).isFalse();
    }

    @Test
    void oneThatHasEnoughOfATenantIsAskedForOthers() {
        // Given
        var loud = new Tenant("loud");
        upstreams.replace(List.of(ONE), 0);

        // When
        upstreams.overRate(ask(0), loud, Duration.ofNanos(50), 0);

        // Then
        assertThat(upstreams.heldFor(loud, 10)).isEqualTo(40);
        assertThat(upstreams.ask(Set.of(), loud, 10)).isEmpty();
        assertThat(upstreams.heldFor(Tenant.DEFAULT, 10)).isZero();
        assertThat(upstreams.ask(Set.of(), Tenant.DEFAULT, 10)).isPresent();
        assertThat(upstreams.heldFor(loud, 50)).isZero();
        assertThat(upstreams.ask(Set.of(), loud, 50)).isPresent();
    }

    @Test
    void aTenantIsNotHeldWhereAnotherMayStillTakeItsSpans() {
        // Given
        var loud = new Tenant("loud");

        // When
        upstreams.overRate(ask(0), loud, Duration.ofNanos(50), 0);

        // Then
        assertThat(upstreams.heldFor(loud, 10)).isZero();
        assertThat(upstreams.ask(Set.of(), loud, 10).orElseThrow().address()).isEqualTo(TWO);
    }
}
