package dev.millrace.storage.elasticsearch;

import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.contract.AttributeSearchContract;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.NamesContract;
import dev.millrace.storage.contract.WritingContract;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.TagsAsFields;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What is written through aliases, with every tag in a field of its own. How its indices end is in
/// [MaintenanceTest]: they are not for stretches of time.
@ResourceLock("opensearch")
final class RolloverContractTest
        implements WritingContract, AttributeSearchContract, NamesContract {

    private final OnServer onServer =
            new OnServer(SearchServer.shared(SearchServer.Kind.OPENSEARCH), "rolling");
    private final ElasticsearchConfig config =
            onServer.config(Layout.ROLLOVER, new TagsAsFields(true, Set.of(), "@"));
    private ElasticsearchStore store = new ElasticsearchStore(config, new SimpleMeterRegistry());

    @BeforeEach
    void open() {
        store.start();
    }

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
}
