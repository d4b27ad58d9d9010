package dev.millrace.pipeline;

import java.util.function.Consumer;

/// Where spans are asked for that came before their trace was kept.
@FunctionalInterface
interface EarlierSpans {

    /// Never waits.
    ///
    /// @param reply is told later, perhaps on another thread
    /// @return false when too much is waiting already
    boolean ask(SpanRecall.Request request, Consumer<SpanRecall.Answer> reply);
}
