/// Several stores read as one: a hot one that takes what is written, and others that a team moves
/// away from or keeps older traces in.
///
/// Start at [FederatedTraceStore]. An [Inquiry] puts one question to all stores at once and decides
/// what becomes of it when one of them does not answer; a [MergedSearch] makes one list of what
/// they find. Nothing here knows a particular store.
@NullMarked
package dev.millrace.storage.federated;

import org.jspecify.annotations.NullMarked;
