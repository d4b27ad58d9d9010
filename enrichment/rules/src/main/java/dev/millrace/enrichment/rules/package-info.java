/// The enricher that is built in: it sets, renames, redacts and drops attributes as a file of rules
/// says.
///
/// [RulesFile] reads the file and gives a [RuleEnricher]. Nothing here reads files, clocks or
/// chance: the same rules and the same key give the same attributes everywhere.
@NullMarked
package dev.millrace.enrichment.rules;

import org.jspecify.annotations.NullMarked;
