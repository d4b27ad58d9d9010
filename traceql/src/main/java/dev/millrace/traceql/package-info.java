/// TraceQL, the query language of Grafana Tempo, as far as it selects spans.
///
/// [Query] is the entry point: parse a text, then select from one trace after another. The syntax
/// tree is public, because whoever searches a store reads from it what to search for: [Pipeline] of
/// [Stage]s, [SpansetExpression]s of filters, [Expression]s inside the braces.
///
/// Everything here is a function of its arguments; no stores, no I/O, no clock. What is known of
/// the language but not supported is refused by name.
@NullMarked
package dev.millrace.traceql;

import org.jspecify.annotations.NullMarked;
