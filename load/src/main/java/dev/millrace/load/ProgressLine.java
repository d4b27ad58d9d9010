package dev.millrace.load;

import java.io.PrintStream;
import java.util.function.Consumer;

/// Prints progress: one line that renews itself on a terminal, a line each time elsewhere.
public final class ProgressLine implements Consumer<LoadProgress>, AutoCloseable {

    // A line that wrapped could not be renewed, so a narrow terminal cuts it instead.
    private static final String START = "\r\u001b[?7l";
    private static final String END = "\u001b[K\u001b[?7h";

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
            out.print(START + progress + END);
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
