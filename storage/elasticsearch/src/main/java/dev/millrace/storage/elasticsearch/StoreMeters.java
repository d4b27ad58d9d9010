package dev.millrace.storage.elasticsearch;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/// What the store counts.
final class StoreMeters {

    private final MeterRegistry registry;
    private final Counter fragments;
    private final Counter spans;
    private final Counter requests;
    private final Counter documents;
    private final Counter retries;
    private final Counter refused;
    private final Counter full;
    private final Counter expired;
    private final Timer write;
    private final Timer search;
    private final Timer trace;
    private final Timer version;

    StoreMeters(MeterRegistry registry) {
        this.registry = registry;
        fragments = registry.counter("millrace.store.fragments");
        spans = registry.counter("millrace.store.spans");
        requests = registry.counter("millrace.store.bulk.requests");
        documents = registry.counter("millrace.store.bulk.documents");
        retries = registry.counter("millrace.store.bulk.retries");
        refused = registry.counter("millrace.store.documents.refused");
        full = registry.counter("millrace.store.documents.full");
        expired = registry.counter("millrace.store.windows.expired", "reason", "age");
        write = registry.timer("millrace.store.write");
        search = registry.timer("millrace.store.search");
        trace = registry.timer("millrace.store.trace");
        version = registry.timer("millrace.store.version");
    }

    Clock clock() {
        return registry.config().clock();
    }

    void written(int howManyFragments, int howManySpans) {
        fragments.increment(howManyFragments);
        spans.increment(howManySpans);
    }

    void bulk(int howManyDocuments) {
        requests.increment();
        documents.increment(howManyDocuments);
    }

    void retried() {
        retries.increment();
    }

    void refused(int howMany) {
        refused.increment(howMany);
    }

    void full(int howMany) {
        full.increment(howMany);
    }

    void expired(int windows) {
        expired.increment(windows);
    }

    Timer write() {
        return write;
    }

    Timer search() {
        return search;
    }

    Timer trace() {
        return trace;
    }

    Timer version() {
        return version;
    }
}
