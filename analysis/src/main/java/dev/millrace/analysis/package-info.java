/// Who calls whom, and how every service and operation fares: figures taken from complete traces.
///
/// [Analysis] is the entry point: [PartitionFigures] is shown the spans of one trace after the
/// other and gives out what they add up to as [DependencyDelta]s. [DependencyTotals] adds those up
/// for whoever asks, [RedTotals] for whoever scrapes.
///
/// [TraceAdjuster] makes of one stored trace what people want to look at.
///
/// Pure: no clock, no threads, no sockets. What a span weighs is asked of a [SpanWeight], so that
/// nothing here knows how spans were sampled.
@NullMarked
package dev.millrace.analysis;

import org.jspecify.annotations.NullMarked;
