package dev.millrace.query;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import java.util.Iterator;

/// What a method of a gRPC service does. May block: it runs on a thread of its own.
@FunctionalInterface
interface GrpcMethod {

    /// @param request the bytes of the request's message
    /// @return the messages of the answer, each made when the client has taken the one before
    /// @throws QueryException when the request cannot be answered as asked
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when it is not the message it should
    ///   be
    /// @throws dev.millrace.storage.api.StoreException when the store cannot
    Iterator<Slice> answer(Tenant tenant, Slice request);

    /// Takes the methods of a service.
    interface Methods {

        /// One that answers with one message.
        void unary(String name, GrpcMethod method);

        /// One that answers with any number of them.
        void stream(String name, GrpcMethod method);
    }
}
