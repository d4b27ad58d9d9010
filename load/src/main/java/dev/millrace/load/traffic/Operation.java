package dev.millrace.load.traffic;

import java.util.List;

/// Something a service does when asked: what its entry span looks like and what it does inside.
///
/// @param millis the median of its own time, without its steps
/// @param errorRate how often it fails by itself, 0 to 1
record Operation(Service service, Entry entry, double millis, double errorRate, List<Step> steps) {

    Operation {
        steps = List.copyOf(steps);
    }

    /// How an operation is reached.
    sealed interface Entry {

        /// An HTTP request.
        record Http(String method, String route) implements Entry {}

        /// A gRPC call.
        record Rpc(String service, String method) implements Entry {}

        /// A message, or a batch of them.
        record Message(String topic) implements Entry {}

        /// Nothing but a timer.
        record Job(String name) implements Entry {}
    }

    /// One thing an operation does on its way.
    sealed interface Step {

        /// A call to another service. A failed call is tried again up to `tries` times; a failure
        /// of an optional one does not fail the caller.
        record Call(Operation target, int tries, boolean optional) implements Step {}

        /// A query to a database, cache or object store, which sends no spans itself.
        record Query(Store store, String verb, String collection) implements Step {}

        /// A message, followed by the work of those that take it in the same trace. A topic without
        /// such consumers is read in batches by other traces, which link here.
        record Publish(String topic, List<Operation> consumers) implements Step {}

        /// Work of the service itself.
        record Work(String name, double millis) implements Step {}

        /// Steps begun at the same time.
        record Together(List<Step> steps) implements Step {}

        /// A step taken with a probability.
        record Maybe(double probability, Step step) implements Step {}

        /// A step taken several times in sequence.
        record Repeat(int least, int most, Step step) implements Step {}
    }

    /// A database, cache or object store.
    ///
    /// @param millis the median of its response time
    record Store(String system, String namespace, String address, int port, double millis) {}
}
