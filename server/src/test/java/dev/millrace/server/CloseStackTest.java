package dev.millrace.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CloseStackTest {

    private final List<String> closed = new ArrayList<>();

    private AutoCloseable part(String name) {
        return () -> closed.add(name);
    }

    private AutoCloseable failing(String name) {
        return () -> {
            closed.add(name);
            throw new IllegalArgumentException(name + " is stuck");
        };
    }

    @Test
    @SuppressWarnings("try") // the stack is closed by hand to be asked afterwards
    void closesTheNewestFirstAndGoesOnPastFailures() {
        // Given
        var stack = new CloseStack();
        stack.push("store", part("store"));
        stack.push("query", failing("query"));
        stack.push("collector", failing("collector"));

        // When
        var thrown = assertThatIllegalStateException().isThrownBy(stack::close).actual();

        // Then
        assertThat(closed).containsExactly("collector", "query", "store");
        assertThat(thrown.getSuppressed())
                .extracting(Throwable::getMessage)
                .containsExactly("collector", "query");
        assertThat(stack.open()).isEmpty();
    }

    @Test
    void aSecondCloseDoesNothing() {
        // Given
        var stack = new CloseStack();
        stack.push("store", part("store"));
        stack.close();

        // When
        assertThatCode(stack::close).doesNotThrowAnyException();

        // Then
        assertThat(closed).containsExactly("store");
    }

    @Test
    void closesAtOnceWhatComesAfterTheClose() {
        // Given
        var stack = new CloseStack();
        stack.close();

        // When
        assertThatIllegalStateException()
                .isThrownBy(() -> stack.push("late", part("late")))
                .withMessage("late: the process is stopping");

        // Then
        assertThat(closed).containsExactly("late");
    }
}
