/// The words every other module speaks: ids, attributes, spans, traces and sizes.
///
/// Start with [Trace] and [Span]. These objects exist where people look (queries, pages, predicates
/// on completed traces); the path that spans take through the system carries OTLP bytes instead, as
/// [Slice]s. Nothing here does I/O, reads a clock or depends on another module.
@NullMarked
package dev.millrace.model;

import org.jspecify.annotations.NullMarked;
