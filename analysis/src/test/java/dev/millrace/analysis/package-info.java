/// Tests of the figures: link rules one by one, then all of them against a simple oracle.
@NullMarked
package dev.millrace.analysis;

import org.jspecify.annotations.NullMarked;
