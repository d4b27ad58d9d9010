package dev.millrace.model;

/// Something that happened at one instant of a span.
///
/// @param timeNanos nanoseconds since the epoch
public record Event(long timeNanos, String name, Attributes attributes, int droppedAttributes) {}
