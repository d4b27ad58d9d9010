package dev.millrace.cache;

import dev.millrace.model.Slice;
import java.time.Duration;
import java.util.Collection;

/// Bytes kept under names for a while, that stand for what is truly somewhere else.
///
/// Who does not find a name is given a [Claim] to it. He reads what he was looking for where it
/// truly is, and puts it here with the claim. Who changes it there forgets the name here,
/// afterwards: that takes away what is kept, and makes every claim void that was given before. So
/// what was read before a change is not put here after it.
///
/// Every call returns within a bounded time. None fails: where bytes cannot be kept or reached, it
/// is as if there were none. Safe for threads.
public interface SharedBytes {

    /// What is found under a name.
    sealed interface Found {}

    record Kept(Slice bytes) implements Found {}

    record Missing(Claim claim) implements Found {}

    /// There was no answer, or none in time.
    record Unknown() implements Found {}

    /// The right to put something under a name, until somebody forgets it or claims it anew.
    record Claim(String token) {}

    Found find(String name);

    /// Keeps bytes under a name, if the claim still holds.
    void put(String name, Claim claim, Slice bytes, Duration kept);

    /// Gives up what is kept under a name and makes claims to it void, but for the one returned.
    Claim reclaim(String name);

    /// Gives up what is kept under some names and makes claims to them void.
    void forget(Collection<String> names);
}
