package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class UpkeepTest {

    private static final Instant NOW = Instant.parse("2026-09-08T12:00:00Z");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<Object> horizons = new ArrayList<>();
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Upkeep.class);

    @BeforeEach
    void listen() {
        logged.start();
        logger.addAppender(logged);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(logged);
    }

    /// A store that only expires.
    private TraceStore store(Supplier<Expired> expired) {
        return (TraceStore)
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {TraceStore.class},
                        (_, method, arguments) -> {
                            assertThat(method.getName()).isEqualTo("expire");
                            horizons.add(arguments[0]);
                            return expired.get();
                        });
    }

    private void retention(Supplier<Expired> expired) {
        try (var upkeep = Upkeep.retention(store(expired), Duration.ofDays(7), () -> NOW, meters)) {
            upkeep.run();
        }
    }

    private double count(String outcome) {
        return meters.counter("millrace.store.upkeep", "chore", "retention", "outcome", outcome)
                .count();
    }

    private List<String> lines() {
        return logged.list.stream()
                .map(event -> event.getFormattedMessage() + " " + event.getKeyValuePairs())
                .toList();
    }

    @Test
    void saysWhyWindowsWent() {
        // When
        retention(() -> new Expired(1, 2));

        // Then
        assertThat(horizons).containsExactly(Instant.parse("2026-09-01T12:00:00Z"));
        assertThat(lines())
                .containsExactly(
                        "Dropped the oldest of the store"
                                + " [windows=\"1\", reason=\"past its retention\"]",
                        "Dropped the oldest of the store"
                                + " [windows=\"2\", reason=\"the store was larger than it may"
                                + " be\"]");
        assertThat(count("done")).isEqualTo(1);
    }

    @Test
    void saysNothingWhenNothingWent() {
        // When
        retention(() -> Expired.NONE);

        // Then
        assertThat(lines()).isEmpty();
        assertThat(count("done")).isEqualTo(1);
    }

    @Test
    void countsAndTellsWhatFailed() {
        // When
        retention(() -> {
            throw new StoreException(StoreException.Kind.UNAVAILABLE, "nobody there");
        });

        // Then
        assertThat(lines()).singleElement().asString().contains("failed", "nobody there");
        assertThat(count("failed")).isEqualTo(1);
        assertThat(count("done")).isZero();
    }
}
