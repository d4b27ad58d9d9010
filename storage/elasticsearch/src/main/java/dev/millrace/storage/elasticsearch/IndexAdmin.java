package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes indices and finds them.
///
/// What was once made ready by this process is not looked at again until it is dropped. Safe for
/// any number of threads.
final class IndexAdmin {

    private static final Logger LOG = LoggerFactory.getLogger(IndexAdmin.class);
    private static final String HEALTH = "/_cluster/health?filter_path=status";
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;

    private final RestClient client;
    private final Indices config;
    private final Map<Tenant, IndexNames> names = new ConcurrentHashMap<>();
    private final Set<String> readyTenants = ConcurrentHashMap.newKeySet();
    private final Set<String> readyIndices = ConcurrentHashMap.newKeySet();
    private final Set<String> marked = ConcurrentHashMap.newKeySet();
    private final IndexMarks marks;

    IndexAdmin(RestClient client, Indices config) {
        this.client = client;
        this.config = config;
        this.marks = new IndexMarks(client, config.prefix());
    }

    IndexNames names(Tenant tenant) {
        return names.computeIfAbsent(tenant, one -> IndexNames.of(config, one));
    }

    boolean throughAliases() {
        return config.layout() == Layout.ROLLOVER;
    }

    /// Asks the servers something that makes no difference, to find out whether they have us.
    void greet() {
        var _ = client.get(HEALTH);
    }

    /// Sees to it that documents of a tenant can be written: templates are there and, for the
    /// rollover layout, aliases with an index behind them.
    void makeReady(Tenant tenant) {
        var ofTenant = names(tenant);
        if (!config.templates() || readyTenants.contains(ofTenant.prefix())) {
            return;
        }
        putTemplates(ofTenant);
        if (throughAliases()) {
            for (var kind : IndexKind.values()) {
                makeFirstRollover(ofTenant, kind);
            }
        }
        readyTenants.add(ofTenant.prefix());
    }

    // Only those that are not there as they should be: every change is one for the whole cluster.
    private void putTemplates(IndexNames ofTenant) {
        boolean elasticsearch = isElasticsearch();
        String base = elasticsearch ? "/_index_template/" : "/_template/";
        var present = versions(base + UrlNames.one(ofTenant.prefix() + "jaeger-*"));
        for (var kind : IndexKind.values()) {
            String name = ofTenant.stem(kind);
            var template =
                    elasticsearch
                            ? Templates.composable(config, ofTenant, kind)
                            : Templates.legacy(config, ofTenant, kind);
            if (present.getOrDefault(name, 0) != Templates.version(template)) {
                requireGood("template " + name, client.put(base + UrlNames.one(name), template));
            }
        }
    }

    private Map<String, Integer> versions(String path) {
        var answer = client.get(path);
        if (answer.status() == NOT_FOUND) {
            return Map.of();
        }
        requireGood("templates", answer);
        var versions = new HashMap<String, Integer>();
        for (var one : answer.body().path("index_templates")) {
            versions.put(one.path("name").asText(), Templates.version(one.path("index_template")));
        }
        answer.body()
                .properties()
                .forEach(one -> versions.put(one.getKey(), Templates.version(one.getValue())));
        return versions;
    }

    private boolean isElasticsearch() {
        var answer = client.get(HEALTH);
        requireGood("cluster health", answer);
        return answer.elasticsearch();
    }

    private void makeFirstRollover(IndexNames ofTenant, IndexKind kind) {
        String alias = ofTenant.writeAlias(kind);
        var found = client.get("/_alias/" + UrlNames.one(alias));
        if (found.isGood()) {
            return;
        }
        if (found.status() != NOT_FOUND) {
            throw RestClient.failure("alias " + alias, found);
        }
        // The write alias names no write index: a rollover then moves it, as Jaeger's tools expect.
        var body =
                Json.object()
                        .<ObjectNode>set("mappings", Templates.ours(config, kind))
                        .<ObjectNode>set(
                                "aliases",
                                Json.object(alias, Json.object())
                                        .set(ofTenant.readAlias(kind), Json.object()));
        createUnlessThere(ofTenant.firstRollover(kind), body);
    }

    /// Sees to it that an index of the daily layout is there, and does not index what is only kept.
    void makeReady(IndexKind kind, String index) {
        if (!config.templates() || throughAliases() || readyIndices.contains(index)) {
            return;
        }
        var mappings = Templates.ours(config, kind);
        if (!createUnlessThere(index, Json.object("mappings", mappings))) {
            var answer = client.put("/" + UrlNames.one(index) + "/_mapping", mappings);
            if (answer.status() == BAD_REQUEST) {
                // Somebody wrote there before there was a mapping; then the rest stays as it is.
                marks.put(index);
            } else {
                requireGood("mapping of " + index, answer);
            }
        }
        readyIndices.add(index);
    }

    private boolean createUnlessThere(String index, ObjectNode body) {
        var answer = client.put("/" + UrlNames.one(index), body);
        if (answer.status() == BAD_REQUEST
                && answer.error().contains("resource_already_exists_exception")) {
            return false;
        }
        requireGood("index " + index, answer);
        return true;
    }

    /// All indices of a tenant, as they are now.
    List<String> forReading(Tenant tenant, IndexKind kind) {
        var ofTenant = names(tenant);
        if (throughAliases()) {
            return List.of(ofTenant.readAlias(kind));
        }
        return existing(ofTenant.pattern(kind)).keySet().stream()
                .filter(name -> ofTenant.window(kind, name).isPresent())
                .toList();
    }

    /// Those of a tenant's indices that may hold documents of times from `from` to `to`.
    List<String> within(Tenant tenant, IndexKind kind, List<String> all, Instant from, Instant to) {
        if (throughAliases()) {
            return all;
        }
        var ofTenant = names(tenant);
        return all.stream()
                .filter(name ->
                        ofTenant.window(kind, name)
                                .filter(window ->
                                        window.start().compareTo(to) <= 0
                                                && window.end().isAfter(from))
                                .isPresent())
                .toList();
    }

    /// The indices that there are of names that fit a pattern, in their order, each with what is
    /// said of its aliases.
    Map<String, JsonNode> existing(String pattern) {
        var answer = client.get("/" + UrlNames.one(pattern) + "/_alias?allow_no_indices=true");
        if (answer.status() == NOT_FOUND) {
            return Map.of();
        }
        requireGood("list of indices", answer);
        var found = new TreeMap<String, JsonNode>();
        answer.body()
                .properties()
                .forEach(index -> found.put(index.getKey(), index.getValue().path("aliases")));
        return found;
    }

    /// What was dropped is not ready any more.
    void forget(Collection<String> dropped) {
        readyIndices.removeAll(dropped);
        marked.removeAll(dropped);
    }

    /// Says in an index of a tenant that it is ours, where somebody else may have made it. After a
    /// write, for only then it is there for sure. What was written is good whether this succeeds or
    /// not, so a failure is told and not thrown.
    ///
    /// @param index or the alias that is written through
    void markWritten(Tenant tenant, String index) {
        boolean madeByUs = config.templates() && !throughAliases();
        if (madeByUs || tenant.equals(Tenant.DEFAULT) || !marked.add(index)) {
            return;
        }
        try {
            marks.put(index);
        } catch (StoreException e) {
            LOG.atWarn()
                    .addKeyValue("store", index)
                    .addKeyValue("error", e.toString())
                    .log("An index cannot be marked as ours; it may outlive its retention");
        }
    }

    static void requireGood(String what, RestClient.Answer answer) {
        if (!answer.isGood()) {
            throw RestClient.failure(what, answer);
        }
    }
}
