/// What enrichers are: functions that change the attributes of complete traces before it is decided
/// which are kept.
///
/// Implement [Enricher] and [EnricherFactory] and name the factory to [java.util.ServiceLoader];
/// the rest are the things an enricher works on, beginning with [TraceDraft]. This is all that a
/// plugin is compiled against, together with `model`.
@NullMarked
package dev.millrace.enrichment.api;

import org.jspecify.annotations.NullMarked;
