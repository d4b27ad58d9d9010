/// How Millrace is brought to where it runs: the Helm chart, and the plain manifests made of it.
///
/// [Chart] renders the chart; [Kustomize] writes the base and the components below
/// `deploy/kubernetes` anew. Nothing here is part of the program, and the program knows nothing of
/// it.
@NullMarked
package dev.millrace.deploy;

import org.jspecify.annotations.NullMarked;
