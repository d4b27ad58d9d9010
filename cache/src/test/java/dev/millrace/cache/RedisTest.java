package dev.millrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.testkit.RedisServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedisTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Tenant OTHER = new Tenant("other");

    private final RedisServer server = RedisServer.down();
    private final List<Member> members = new ArrayList<>();

    /// What one process of the system holds of all this.
    private final class Member implements AutoCloseable {
        final SimpleMeterRegistry registry = new SimpleMeterRegistry();
        final Set<String> heard = ConcurrentHashMap.newKeySet();
        final RedisLink link;
        final RedisIds ids;
        final RedisState state;

        Member(String name, int queued) {
            var config =
                    new RedisConfig(
                            server.uri(),
                            "",
                            "",
                            Duration.ofMillis(100),
                            50,
                            queued,
                            Duration.ofHours(1),
                            Duration.ofMillis(20));
            link = new RedisLink(config, System::nanoTime, registry);
            ids = new RedisIds(link, config, name, System::currentTimeMillis, registry);
            state = new RedisState(link, name, System::currentTimeMillis);
            members.add(this);
        }

        Member start() {
            link.start();
            ids.start((tenant, traces) -> traces.forEach(id -> heard.add(tenant + "/" + id)));
            return this;
        }

        double count(String meter) {
            return registry.get(meter).counter().count();
        }

        @Override
        public void close() {
            ids.close();
            link.close();
        }
    }

    @AfterEach
    void close() {
        members.forEach(Member::close);
        server.close();
    }

    private static TraceId id(int number) {
        return new TraceId(1, number + 1L);
    }

    @Test
    void tellsOthersAndThoseWhoComeLater() {
        // Given
        server.start();
        var one = new Member("one", 1_000).start();
        var two = new Member("two", 1_000).start();

        // When
        for (int i = 0; i < 500; i++) {
            one.ids.publish(i % 2 == 0 ? Tenant.DEFAULT : OTHER, List.of(id(i)));
        }
        await().atMost(PATIENCE).until(() -> two.heard.size() == 500);
        var late = new Member("late", 1_000).start();

        // Then
        await().atMost(PATIENCE).until(() -> late.heard.size() == 500);
        assertThat(late.heard).contains("default/" + id(0), "other/" + id(1));
        assertThat(one.heard).isEmpty();
    }

    @Test
    void startsBeforeRedisAndFlowsOnceItIsThere() {
        // Given
        var one = new Member("one", 100).start();
        var two = new Member("two", 100).start();
        for (int i = 0; i < 150; i++) {
            one.ids.publish(Tenant.DEFAULT, List.of(id(i)));
        }
        assertThat(one.link.isUp()).isFalse();
        double dropped = one.count("millrace.cache.ids.dropped");

        // When
        server.start();

        // Then
        await().atMost(PATIENCE).until(() -> two.heard.size() == 150 - (int) dropped);
        // One batch may have left the queue for good measure.
        assertThat(dropped).isBetween(0.0, 50.0);
    }

    @Test
    void refusesAtOnceWhileKilledAndFlowsAgainAfterwards() {
        // Given
        server.start();
        var one = new Member("one", 10_000).start();
        var two = new Member("two", 10_000).start();
        await().atMost(PATIENCE).until(() -> one.link.isUp() && two.link.isUp());

        // When
        server.kill();
        long slowest = slowest(one, 200);
        one.ids.publish(Tenant.DEFAULT, List.of(id(1)));
        server.start();

        // Then
        await().atMost(PATIENCE).until(() -> two.heard.contains("default/" + id(1)));
        assertThat(Duration.ofNanos(slowest)).isLessThan(Duration.ofSeconds(1));
        assertThat(one.count("millrace.cache.rejected")).isPositive();
    }

    @Test
    void boundsEveryCallWhileHungAndFlowsAgainAfterwards() {
        // Given
        server.start();
        var one = new Member("one", 10_000).start();
        var two = new Member("two", 10_000).start();
        await().atMost(PATIENCE).until(() -> one.link.isUp() && two.link.isUp());

        // When
        server.freeze();
        long slowest = slowest(one, 200);
        one.ids.publish(Tenant.DEFAULT, List.of(id(2)));
        boolean upWhileHung = one.link.isUp();
        server.thaw();

        // Then
        await().atMost(PATIENCE).until(() -> two.heard.contains("default/" + id(2)));
        assertThat(upWhileHung).isFalse();
        assertThat(Duration.ofNanos(slowest)).isLessThan(Duration.ofSeconds(1));
        assertThat(one.count("millrace.cache.timeouts")).isPositive();
    }

    @Test
    void connectsAnewWhenNothingIsAnswered() {
        // Given
        server.start();
        var one = new Member("one", 10_000).start();
        var two = new Member("two", 10_000).start();
        await().atMost(PATIENCE).until(() -> one.link.isUp() && two.link.isUp());

        // When
        server.freeze();
        one.ids.publish(Tenant.DEFAULT, List.of(id(3)));
        // Commands can but time out now; what fails is a new connection.
        await().atMost(PATIENCE).until(() -> one.count("millrace.cache.failures") > 0);
        server.thaw();

        // Then
        await().atMost(PATIENCE).until(() -> two.heard.contains("default/" + id(3)));
        await().atMost(PATIENCE).until(one.link::isUp);
    }

    @Test
    void hasOneLeaderAndGathersWhatAllContribute() throws Exception {
        // Given
        server.start();
        var one = new Member("one", 10).start();
        var two = new Member("two", 10).start();
        await().atMost(PATIENCE).until(() -> one.link.isUp() && two.link.isUp());

        // When
        boolean first = get(one.state.lead("x", Duration.ofMinutes(1)));
        boolean second = get(two.state.lead("x", Duration.ofMinutes(1)));
        boolean again = get(one.state.lead("x", Duration.ofMinutes(1)));
        get(one.state.contribute("t", "a\nb", Duration.ofMinutes(1)));
        get(two.state.contribute("t", "c", Duration.ofMinutes(1)));
        get(one.state.put("s", "text", Duration.ofMinutes(1)));

        // Then
        assertThat(List.of(first, second, again)).containsExactly(true, false, true);
        assertThat(get(two.state.contributions("t"))).containsExactlyInAnyOrder("a\nb", "c");
        assertThat(get(two.state.get("s"))).contains("text");
        assertThat(get(two.state.get("none"))).isEmpty();
    }

    @Test
    void showsNoPassword() {
        var config = RedisConfig.of(URI.create("rediss://host:1"), "me", "secret");
        assertThat(config.toString()).contains("host").doesNotContain("secret");
        assertThatThrownBy(() -> RedisConfig.of(URI.create("redis://:secret@host"), "", ""))
                .hasMessageNotContaining("secret");
    }

    private static <T> T get(CompletionStage<T> answer) throws Exception {
        return answer.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /// The longest that any of some calls took to answer or fail.
    private static long slowest(Member process, int calls) {
        long slowest = 0;
        for (int i = 0; i < calls; i++) {
            long start = System.nanoTime();
            CompletableFuture<?> answer = process.state.get("x").toCompletableFuture();
            assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class);
            slowest = Math.max(slowest, System.nanoTime() - start);
        }
        return slowest;
    }
}
