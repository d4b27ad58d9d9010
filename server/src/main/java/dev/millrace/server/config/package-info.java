/// What an operator may set, and how what they wrote becomes records.
///
/// [MillraceConfig] is the tree every component's settings come from; [ConfigSources] fills it from
/// the defaults, a file, the environment and flags, and reports every problem at once as a
/// [ConfigException]. The keys follow from the records, the defaults and their explanations from
/// `millrace-defaults.yaml`, and [ConfigReference] turns both into the reference page.
///
/// Nothing here opens a socket or knows a component: `server` hands each its own small part.
@NullMarked
package dev.millrace.server.config;

import org.jspecify.annotations.NullMarked;
