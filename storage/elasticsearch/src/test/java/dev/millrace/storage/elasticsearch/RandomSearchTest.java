package dev.millrace.storage.elasticsearch;

import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.RandomSearchContract;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What is found where some tags are fields and others are not.
@ResourceLock("elasticsearch")
final class RandomSearchTest implements RandomSearchContract {

    private final OnServer onServer =
            new OnServer(SearchServer.shared(SearchServer.Kind.ELASTICSEARCH), "random");
    private final ElasticsearchConfig config =
            onServer.config(Layout.DAILY, new TagsAsFields(false, Set.of("key-0"), "@"));
    private ElasticsearchStore store = OnServer.started(config);

    @AfterEach
    void close() {
        store.close();
        onServer.close();
    }

    @Override
    public TraceStore store() {
        return store;
    }

    @Override
    public TraceStore reopenedStore() {
        store.close();
        store = OnServer.started(config);
        return store;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public Duration window() {
        return Duration.ofDays(1);
    }

    @Override
    public int randomSearches() {
        return 25;
    }
}
