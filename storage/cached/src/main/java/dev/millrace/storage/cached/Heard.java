package dev.millrace.storage.cached;

import dev.millrace.storage.api.TraceStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/// An answer, with what the store says of it.
///
/// @param gaps what it lacks; none where nobody was ready to hear of that
/// @param keepable whether it may be given to others later
record Heard<T>(T answer, List<String> gaps, boolean keepable) {

    Heard {
        gaps = List.copyOf(gaps);
    }

    /// Asks a store.
    ///
    /// @param tolerant whether the answer may lack something
    static <T> Heard<T> from(TraceStore store, boolean tolerant, Function<TraceStore, T> question) {
        var gaps = new ArrayList<String>();
        var unfit = new AtomicBoolean();
        var asked = store.forKeeping(() -> unfit.set(true));
        var answer = question.apply(tolerant ? asked.tolerating(gaps::add) : asked);
        return new Heard<>(answer, gaps, gaps.isEmpty() && !unfit.get());
    }

    /// One that had nothing wrong with it when it was put where it was found.
    static <T> Heard<T> ofKept(T answer) {
        return new Heard<>(answer, List.of(), true);
    }

    /// Another answer that stands on this one.
    <U> Heard<U> with(U other) {
        return new Heard<>(other, gaps, keepable);
    }
}
