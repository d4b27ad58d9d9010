/// Traffic worth tracing, made from a seed.
///
/// A [Workload] yields export requests. [ShopWorkload] imitates an online shop of thirty services
/// with everything that makes tracing hard: retries, failures, outliers, clock skew, late and
/// duplicate spans, links, giant traces. [BenchmarkWorkload] writes uniform spans at the least
/// cost. Both are functions of their seed and of the times they are given: no clock, no threads, no
/// I/O.
///
/// Sending requests and keeping account of them is the job of `dev.millrace.load`, which depends on
/// this package.
@NullMarked
package dev.millrace.load.traffic;

import org.jspecify.annotations.NullMarked;
