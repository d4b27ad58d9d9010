package dev.millrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/// [SharedState] of a process that shares with nobody and leads always.
public final class LocalState implements SharedState {

    private record Text(String value, long until) {}

    private final LongSupplier nanos;
    private final ConcurrentHashMap<String, Text> contributed = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Text> texts = new ConcurrentHashMap<>();

    /// @param nanos a clock that never steps back
    public LocalState(LongSupplier nanos) {
        this.nanos = nanos;
    }

    @Override
    public CompletionStage<Void> contribute(String name, String text, Duration remembered) {
        return set(contributed, name, text, remembered);
    }

    @Override
    public CompletionStage<List<String>> contributions(String name) {
        return CompletableFuture.completedStage(find(contributed, name).stream().toList());
    }

    @Override
    public CompletionStage<Void> put(String name, String text, Duration remembered) {
        return set(texts, name, text, remembered);
    }

    @Override
    public CompletionStage<Optional<String>> get(String name) {
        return CompletableFuture.completedStage(find(texts, name));
    }

    @Override
    public CompletionStage<Boolean> lead(String name, Duration lease) {
        return CompletableFuture.completedStage(true);
    }

    private CompletionStage<Void> set(
            ConcurrentHashMap<String, Text> to, String name, String text, Duration remembered) {
        to.put(name, new Text(text, nanos.getAsLong() + remembered.toNanos()));
        return CompletableFuture.completedStage(null);
    }

    private Optional<String> find(ConcurrentHashMap<String, Text> in, String name) {
        return Optional.ofNullable(in.get(name))
                .filter(text -> text.until() - nanos.getAsLong() > 0)
                .map(Text::value);
    }
}
