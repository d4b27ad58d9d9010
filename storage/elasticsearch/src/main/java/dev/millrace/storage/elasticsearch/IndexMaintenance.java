package dev.millrace.storage.elasticsearch;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import java.time.Instant;
import java.util.List;

/// What is done to the indices besides writing and reading, now or by a schedule.
///
/// Every method may block for a bounded time, and throws [StoreException]. Safe for any number of
/// threads.
public final class IndexMaintenance implements AutoCloseable {

    private final RestClient client;
    private final IndexAdmin indices;
    private final IndexUpkeep upkeep;
    private final Layout layout;

    public IndexMaintenance(ElasticsearchConfig config) {
        client = new RestClient(config.connection());
        indices = new IndexAdmin(client, config.indices());
        upkeep = new IndexUpkeep(client, config.indices(), indices);
        layout = config.indices().layout();
    }

    /// Puts a tenant's templates and, for the rollover layout, its first indices and aliases, where
    /// they are not there yet.
    public void prepare(Tenant tenant) {
        indices.makeReady(tenant);
    }

    /// Begins new indices for a tenant where the present ones have reached their limits.
    ///
    /// @return their names
    /// @throws StoreException of kind NOT_SUPPORTED in the daily layout, where days do that
    public List<String> rollOver(Tenant tenant, RolloverLimits limits) {
        requireRollover();
        return upkeep.rollOver(tenant, limits);
    }

    /// The same for all tenants, as far as their indices are known to be ours. One that fails does
    /// not keep the others from it. Several processes may do this at once.
    ///
    /// @throws StoreException of kind NOT_SUPPORTED in the daily layout, where days do that
    public RolledOver rollOver(RolloverLimits limits) {
        requireRollover();
        return upkeep.rollOver(limits);
    }

    private void requireRollover() {
        if (layout != Layout.ROLLOVER) {
            throw new StoreException(
                    StoreException.Kind.NOT_SUPPORTED,
                    "rollover: the layout is " + layout + " (expected: " + Layout.ROLLOVER + ")");
        }
    }

    /// Drops the indices of all tenants that hold nothing from after the horizon. In the rollover
    /// layout one that is still written to stays.
    ///
    /// @return their names
    public List<String> dropBefore(Instant horizon) {
        return upkeep.dropBefore(horizon).indices();
    }

    /// Closes connections. Idempotent.
    @Override
    public void close() {
        client.close();
    }
}
