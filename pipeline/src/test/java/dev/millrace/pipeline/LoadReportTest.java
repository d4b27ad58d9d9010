package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.sampling.Load;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.sampling.tail.DurationWindow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LoadReportTest {

    private static final Load CALM = new Load(0.3, 0.69);
    private static final Load BETWEEN = new Load(0.75, 0.2);
    private static final Load BUSY = new Load(0.2, 0.81);

    private final AtomicReference<Load> machine = new AtomicReference<>(CALM);
    private final AtomicLong seconds = new AtomicLong();
    private final List<String> said = new ArrayList<>();
    private final LoadReport report =
            new LoadReport(
                    new TailConfig(
                            () -> "preset: hybrid",
                            Duration.ofSeconds(10),
                            DurationWindow.Settings.DEFAULT,
                            Duration.ofMinutes(1),
                            LoadFactor.Settings.DEFAULT,
                            machine::get),
                    load -> said.add(seconds + ": " + load.cpu() + " " + load.memory()),
                    () -> seconds.get() * 1_000_000_000);

    private void run(Load load, int forSeconds) {
        machine.set(load);
        for (int i = 0; i < forSeconds; i++) {
            report.step();
            report.step();
            seconds.incrementAndGet();
        }
    }

    @Test
    void saysNothingWhileTheMachineIsCalm() {
        // When
        run(CALM, 100);
        run(Load.NONE, 100);

        // Then
        assertThat(said).isEmpty();
    }

    @Test
    void saysAtOnceWhenAMarkIsPassedAndAgainUntilItIsCalm() {
        // When
        run(CALM, 3);
        run(BUSY, 7);
        run(BETWEEN, 6);
        run(CALM, 60);

        // Then
        assertThat(said)
                .containsExactly(
                        "3: 0.2 0.81",
                        "8: 0.2 0.81",
                        "10: 0.75 0.2",
                        "15: 0.75 0.2",
                        "16: 0.3 0.69");
    }

    @Test
    void aLoadComesBackFromItsBytes() {
        for (var load : List.of(BUSY, Load.NONE, new Load(0, Double.NaN))) {
            assertThat(LoadReport.decode(Slice.of(LoadReport.encode(load)))).isEqualTo(load);
        }
    }
}
