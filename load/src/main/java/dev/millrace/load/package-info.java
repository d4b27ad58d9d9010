/// Sends seeded traffic over OTLP and keeps the truth of what was sent.
///
/// [LoadRun] is the entry point: a [LoadConfig] in, a [LoadReport] out, a [LoadProgress] once a
/// second in between, which [ProgressLine] prints. [Truth] reads the file a run has kept and
/// compares it with what a store holds.
///
/// Traffic itself is made in `dev.millrace.load.traffic`. Nothing here knows any part of the
/// server: it is a client like others.
@NullMarked
package dev.millrace.load;

import org.jspecify.annotations.NullMarked;
