package dev.millrace.query;

import dev.millrace.model.Slice;

/// What one address of an API does. May block: it runs on a thread of its own.
@FunctionalInterface
interface Endpoint {

    /// @throws QueryException when the request cannot be answered as asked
    /// @throws dev.millrace.storage.api.StoreException when the store cannot
    Answer answer(Parameters parameters);

    /// What an address does with what is sent to it. May block, too.
    @FunctionalInterface
    interface WithBody {

        /// @throws QueryException when the request cannot be answered as asked
        /// @throws dev.millrace.storage.api.StoreException when the store cannot
        Answer answer(Parameters parameters, Slice body);
    }

    /// Takes the endpoints of an API that are sent something and binds each to its path.
    @FunctionalInterface
    interface PostRoutes {

        /// @param path with `{variables}`
        /// @param name the endpoint's name in metrics
        /// @param maxBytes the most that may be sent
        void post(String path, String name, int maxBytes, WithBody endpoint);
    }

    /// Takes the endpoints of an API and binds each to its path.
    @FunctionalInterface
    interface Routes {

        /// @param path with `{variables}`
        /// @param name the endpoint's name in metrics
        void get(String path, String name, Endpoint endpoint);
    }
}
