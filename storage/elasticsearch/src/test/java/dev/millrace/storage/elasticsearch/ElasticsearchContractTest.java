package dev.millrace.storage.elasticsearch;

import dev.millrace.testkit.search.SearchServer.Kind;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock("elasticsearch")
final class ElasticsearchContractTest extends StoreContracts {

    ElasticsearchContractTest() {
        super(Kind.ELASTICSEARCH);
    }
}
