package dev.millrace.storage.kafka;

import java.util.concurrent.CompletableFuture;

/// A question that has been put somewhere.
///
/// @param reply fails with a [dev.millrace.storage.api.StoreException] when there is none
/// @param giveUp lets go of what it holds; the reply is not waited for any more
record Inquiry<A>(CompletableFuture<Reply<A>> reply, Runnable giveUp) {}
