package dev.millrace.query;

/// What one address of an API does. May block: it runs on a thread of its own.
@FunctionalInterface
interface Endpoint {

    /// @throws QueryException when the request cannot be answered as asked
    /// @throws dev.millrace.storage.api.StoreException when the store cannot
    Answer answer(Parameters parameters);

    /// Takes the endpoints of an API and binds each to its path.
    @FunctionalInterface
    interface Routes {

        /// @param path with `{variables}`
        /// @param name the endpoint's name in metrics
        void get(String path, String name, Endpoint endpoint);
    }
}
