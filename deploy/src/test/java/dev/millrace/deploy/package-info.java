/// Holds image, chart and manifests against the program and against the schemas of those who read
/// them. No cluster and no broker is needed.
@NullMarked
package dev.millrace.deploy;

import org.jspecify.annotations.NullMarked;
