/// The program: its command line, its process, and the wiring of its parts.
///
/// [Main] is the only `main`. [Commands] reads the command line; [Millrace] is one running process,
/// with its health, its metrics and an orderly stop; [Roles] opens the parts of the chosen roles,
/// top to bottom as the spans flow, and is the place to see how everything hangs together.
///
/// Only here is the system clock read. No other module depends on this one.
@NullMarked
package dev.millrace.server;

import org.jspecify.annotations.NullMarked;
