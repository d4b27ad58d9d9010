package dev.millrace.storage.elasticsearch;

import dev.millrace.testkit.search.SearchServer.Kind;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock("elasticsearch")
final class ElasticsearchSharedIndicesTest extends SharedIndices {

    ElasticsearchSharedIndicesTest() {
        super(Kind.ELASTICSEARCH, "/_index_template");
    }
}
