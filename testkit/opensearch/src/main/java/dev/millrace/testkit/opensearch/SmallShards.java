package dev.millrace.testkit.opensearch;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.opensearch.common.settings.Setting;
import org.opensearch.index.IndexSettings;
import org.opensearch.index.engine.Engine;
import org.opensearch.index.engine.EngineConfig;
import org.opensearch.index.engine.EngineFactory;
import org.opensearch.index.engine.InternalEngine;
import org.opensearch.index.seqno.LocalCheckpointTracker;
import org.opensearch.index.translog.listener.TranslogEventListener;
import org.opensearch.plugins.EnginePlugin;
import org.opensearch.plugins.Plugin;

/// Gives the shards of an index fewer documents than the two billion that Lucene can count, so that
/// a test sees what the server does when one is full.
public final class SmallShards extends Plugin implements EnginePlugin {

    /// How many documents a shard of the index can have; 0 for as many as any.
    private static final Setting<Integer> MAX_DOCUMENTS =
            Setting.intSetting(
                    "index.small_shards.max_documents", 0, 0, Setting.Property.IndexScope);

    @Override
    public List<Setting<?>> getSettings() {
        return List.of(MAX_DOCUMENTS);
    }

    @Override
    public Optional<EngineFactory> getEngineFactory(IndexSettings index) {
        int most = MAX_DOCUMENTS.get(index.getSettings());
        return most == 0 ? Optional.empty() : Optional.of(config -> engine(config, most));
    }

    // The server has this for tests of its own, and hides it.
    private static Engine engine(EngineConfig config, int most) {
        BiFunction<Long, Long, LocalCheckpointTracker> trackers = LocalCheckpointTracker::new;
        try {
            var constructor =
                    InternalEngine.class.getDeclaredConstructor(
                            EngineConfig.class,
                            int.class,
                            BiFunction.class,
                            TranslogEventListener.class);
            constructor.setAccessible(true);
            return constructor.newInstance(
                    config, most, trackers, TranslogEventListener.NOOP_TRANSLOG_EVENT_LISTENER);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("no engine of " + most + " documents", e);
        }
    }
}
