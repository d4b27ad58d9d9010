package dev.millrace.query;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInfo;
import zipkin2.storage.ITAutocompleteTags;
import zipkin2.storage.ITDependencies;
import zipkin2.storage.ITDependenciesHeavy;
import zipkin2.storage.ITSearchEnabledFalse;
import zipkin2.storage.ITServiceAndSpanNames;
import zipkin2.storage.ITSpanStore;
import zipkin2.storage.ITSpanStoreHeavy;
import zipkin2.storage.ITStrictTraceIdFalse;
import zipkin2.storage.ITTraces;
import zipkin2.storage.StorageComponent;

/// Zipkin's own tests of storage, asked over HTTP of the embedded store.
class ZipkinKitTest {

    @Nested
    class TracesById extends ITTraces<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class Search extends ITSpanStore<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class MuchToSearch extends ITSpanStoreHeavy<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class Names extends ITServiceAndSpanNames<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class Autocomplete extends ITAutocompleteTags<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class Dependencies extends ITDependencies<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class ManyDependencies extends ITDependenciesHeavy<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class WithoutSearch extends ITSearchEnabledFalse<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }

    @Nested
    class LenientIds extends ITStrictTraceIdFalse<ZipkinOverHttp> {
        @Override
        protected StorageComponent.Builder newStorageBuilder(TestInfo test) {
            return ZipkinOverHttp.builder();
        }

        @Override
        protected void clear() {
            storage.clear();
        }
    }
}
