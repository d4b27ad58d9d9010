package dev.millrace.storage.elasticsearch;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.IndexUpkeep.Written;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is done about an index one of whose shards has as many documents as it can have.
///
/// In the rollover layout the next one is begun, where we are the ones who make indices. Otherwise
/// nothing can be done from here, and it is said what an operator can do; writes wait for that.
/// Safe for any number of threads.
final class FullIndices {

    private static final Logger LOG = LoggerFactory.getLogger(FullIndices.class);

    private final IndexUpkeep upkeep;
    private final Indices config;

    FullIndices(IndexUpkeep upkeep, Indices config) {
        this.upkeep = upkeep;
        this.config = config;
    }

    /// For one request, sent again and again.
    Relief begin() {
        return new Relief();
    }

    /// What is done within one request. For one thread.
    final class Relief {

        /// What was written to, by alias, when it was last found full.
        private final Map<String, Written> seen = new HashMap<>();

        private Relief() {}

        /// Does what can be done before the documents are sent again.
        ///
        /// An index is followed by the next one only when it was the one that is written to before
        /// the documents were sent for the last time: otherwise it may be somebody's new one, which
        /// has room.
        ///
        /// @param full the indices or aliases that they were to go to
        /// @return what else an operator should know, to be put after the error
        String of(Set<String> full) {
            if (full.isEmpty()) {
                return "";
            }
            if (!canRollOver()) {
                return " (expected: room in each shard of "
                        + String.join(", ", full)
                        + "; "
                        + switch (config.layout()) {
                            case DAILY ->
                                    "split the index or delete from it, and have more shards or"
                                            + " span-rotation: hour for those to come)";
                            case ROLLOVER ->
                                    "begin the next one, which create-templates: false leaves to"
                                            + " others)";
                        };
            }
            var said = new StringBuilder();
            for (var alias : full) {
                try {
                    rollOver(alias);
                } catch (StoreException e) {
                    said.append("; not rolled over: ").append(e.getMessage());
                }
            }
            return said.toString();
        }

        private void rollOver(String alias) {
            var before = seen.get(alias);
            if (before == null) {
                seen.put(alias, upkeep.written(alias));
                return;
            }
            if (upkeep.rollOverFull(before)) {
                LOG.atWarn()
                        .addKeyValue("store", before.next())
                        .log("Began a new index: a shard of the last one is full");
            }
            seen.put(alias, upkeep.written(alias));
        }
    }

    private boolean canRollOver() {
        return switch (config.layout()) {
            case DAILY -> false;
            case ROLLOVER -> config.templates();
        };
    }
}
