package dev.millrace.storage.api;

import dev.millrace.model.Slice;
import java.util.Optional;

/// Some spans of a trace that is read piece by piece, because it may be too large to be held whole.
///
/// @param body OTLP `TracesData`, valid, with spans of this trace only; of some there may be copies
///   in this or another piece
/// @param next where the next piece begins; empty when this is the last
public record TracePiece(Slice body, Optional<String> next) {}
