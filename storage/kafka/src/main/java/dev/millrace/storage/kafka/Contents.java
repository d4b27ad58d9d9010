package dev.millrace.storage.kafka;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceStore;
import java.util.List;

/// What is kept of a partition, to read from: written, expired and closed by those who follow the
/// log.
sealed interface Contents {

    /// @throws StoreException as NOT_SUPPORTED where there are none
    default TraceStore traces() {
        throw new StoreException(Kind.NOT_SUPPORTED, "here are figures of services, no traces");
    }

    /// @throws StoreException as NOT_SUPPORTED where there are none
    default FiguresReader figures() {
        throw new StoreException(
                Kind.NOT_SUPPORTED, "dependencies: no figures of services are kept here");
    }

    /// Of a topic of spans.
    record Traces(TraceStore traces) implements Contents {}

    /// Of a topic of figures.
    record Figures(FiguresReader figures) implements Contents {}

    /// Finds the minutes from one on until another.
    @FunctionalInterface
    interface FiguresReader {
        List<DependencyMinute> dependencies(Tenant tenant, long from, long to);
    }
}
