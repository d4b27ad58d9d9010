package dev.millrace.load;

import java.io.PrintStream;
import java.util.function.Consumer;

/// Prints progress: one line that renews itself on a terminal, a line each time elsewhere.
public final class ProgressLine implements Consumer<LoadProgress>, AutoCloseable {

    private static final String ERASE_TO_END = "\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private boolean open;

    public ProgressLine(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public synchronized void accept(LoadProgress progress) {
        if (terminal) {
            out.print("\r" + progress + ERASE_TO_END);
            open = true;
        } else {
            out.println(progress);
        }
        out.flush();
    }

    /// Ends the line, so that what follows starts a new one. The stream stays open.
    @Override
    public synchronized void close() {
        if (open) {
            out.println();
            open = false;
        }
    }
}
