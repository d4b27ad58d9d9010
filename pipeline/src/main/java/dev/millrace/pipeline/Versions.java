package dev.millrace.pipeline;

import dev.millrace.sampling.tail.Version;

/// The versions of everything a verdict depends on besides its trace, by number.
interface Versions {

    /// The newest there is.
    Version latest();

    /// The version with this number; where retention has taken it, the next one that is left. 0 is
    /// the first there is. The latest, which has a lower number, where this one was never
    /// published.
    Version at(long number);
}
