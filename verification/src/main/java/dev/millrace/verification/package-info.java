/// What is checked from outside: programs that measure a promise on the machine they run on.
///
/// A class called `…Proof` measures one promise, says what it found and fails when the promise is
/// broken; `./dev prove` lists them. [Bench] only measures, and prints a table. The tests of this
/// module are the rules of the architecture and of the documents.
@NullMarked
package dev.millrace.verification;

import org.jspecify.annotations.NullMarked;
