package dev.millrace.load.traffic;

import java.util.List;

/// An endless source of export requests, the same for the same seed.
///
/// Not safe for threads.
public sealed interface Workload permits ShopWorkload, BenchmarkWorkload {

    /// The next round of requests, in the order they are to be sent.
    ///
    /// The n-th round of a seed has the same ids and shapes whenever it is asked for; its times
    /// move with `nowNanos`.
    ///
    /// @param nowNanos when the spans have just ended, nanoseconds since the epoch
    List<Request> next(long nowNanos);
}
