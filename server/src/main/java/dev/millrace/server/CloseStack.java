package dev.millrace.server;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is open, to be closed newest first, going on past a failure.
///
/// Safe for use by several threads: a stop may come while parts are still being opened, and then
/// what is pushed later is closed at once.
final class CloseStack implements AutoCloseable {

    private record Entry(String name, AutoCloseable part) {}

    private final Deque<Entry> entries = new ArrayDeque<>();
    private boolean closed;

    /// Takes charge of a part.
    ///
    /// @return the part
    /// @throws IllegalStateException after [#close()]; the part is closed
    <T extends AutoCloseable> T push(String name, T part) {
        synchronized (entries) {
            if (!closed) {
                entries.push(new Entry(name, part));
                return part;
            }
        }
        var refusal = new IllegalStateException(name + ": the process is stopping");
        try {
            part.close();
        } catch (Exception e) {
            refusal.addSuppressed(e);
        }
        throw refusal;
    }

    /// The names of the parts not yet closed, newest first.
    List<String> open() {
        synchronized (entries) {
            return entries.stream().map(Entry::name).toList();
        }
    }

    /// Closes every part.
    ///
    /// @throws IllegalStateException when closing some failed, with each failure suppressed in it;
    ///   the others are closed all the same
    @Override
    public void close() {
        var failures = new IllegalStateException("some parts did not close properly");
        for (var entry = next(); entry != null; entry = next()) {
            try {
                entry.part.close();
            } catch (Exception e) {
                failures.addSuppressed(new IllegalStateException(entry.name, e));
            }
            synchronized (entries) {
                entries.remove(entry);
            }
        }
        if (failures.getSuppressed().length > 0) {
            throw failures;
        }
    }

    private @Nullable Entry next() {
        synchronized (entries) {
            closed = true;
            return entries.peek();
        }
    }
}
