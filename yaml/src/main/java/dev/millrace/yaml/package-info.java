/// YAML files that operators write by hand: policies, rules.
///
/// [YamlNode] gives what stands at a place of a file, or says which line holds something else and
/// what was expected there. Reading the file itself is the caller's business.
@NullMarked
package dev.millrace.yaml;

import org.jspecify.annotations.NullMarked;
