/// Tests of drafts.
@NullMarked
package dev.millrace.enrichment.api;

import org.jspecify.annotations.NullMarked;
