/// Tests of the rules.
@NullMarked
package dev.millrace.enrichment.rules;

import org.jspecify.annotations.NullMarked;
