package dev.millrace.storage.elasticsearch;

import dev.millrace.testkit.search.SearchServer.Kind;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock("opensearch")
final class OpenSearchContractTest extends StoreContracts {

    OpenSearchContractTest() {
        super(Kind.OPENSEARCH);
    }
}
