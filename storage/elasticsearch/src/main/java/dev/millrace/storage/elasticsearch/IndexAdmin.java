package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Tenant;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Layout;
import dev.millrace.storage.elasticsearch.IndexNames.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Makes indices, finds them and drops them.
///
/// What was once made ready by this process is not looked at again until it is dropped. Safe for
/// any number of threads.
final class IndexAdmin {

    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;

    private final RestClient client;
    private final Indices config;
    private final Map<Tenant, IndexNames> names = new ConcurrentHashMap<>();
    private final Set<String> readyTenants = ConcurrentHashMap.newKeySet();
    private final Set<String> readyIndices = ConcurrentHashMap.newKeySet();

    IndexAdmin(RestClient client, Indices config) {
        this.client = client;
        this.config = config;
    }

    IndexNames names(Tenant tenant) {
        return names.computeIfAbsent(tenant, one -> IndexNames.of(config, one));
    }

    boolean throughAliases() {
        return config.layout() == Layout.ROLLOVER;
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
        var answer = client.get("/_cluster/health?filter_path=status");
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
            // 400: somebody wrote there before there was a mapping; then it stays as it is.
            if (answer.status() != BAD_REQUEST) {
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

    /// The indices of a tenant that may hold documents of times from `from` to `to`.
    List<String> forReading(Tenant tenant, IndexKind kind, Instant from, Instant to) {
        var ofTenant = names(tenant);
        if (throughAliases()) {
            return List.of(ofTenant.readAlias(kind));
        }
        var found = new ArrayList<String>();
        for (var name : existing(ofTenant.pattern(kind)).keySet()) {
            var window = ofTenant.window(kind, name);
            if (window.isPresent()
                    && window.get().start().compareTo(to) <= 0
                    && window.get().end().isAfter(from)) {
                found.add(name);
            }
        }
        return found;
    }

    /// All indices of a tenant.
    List<String> forReading(Tenant tenant, IndexKind kind) {
        return forReading(tenant, kind, Instant.MIN, Instant.MAX);
    }

    /// Names that fit a pattern, each with its aliases.
    private Map<String, Set<String>> existing(String pattern) {
        var answer = client.get("/" + UrlNames.one(pattern) + "/_alias?allow_no_indices=true");
        if (answer.status() == NOT_FOUND) {
            return Map.of();
        }
        requireGood("list of indices", answer);
        var found = new TreeMap<String, Set<String>>();
        answer.body()
                .properties()
                .forEach(index -> {
                    var aliases = new HashSet<String>();
                    index.getValue().path("aliases").fieldNames().forEachRemaining(aliases::add);
                    found.put(index.getKey(), aliases);
                });
        return found;
    }

    /// What [#dropBefore] dropped.
    ///
    /// @param windows how many stretches of time; an index of the rollover layout is one
    record Dropped(int windows, List<String> indices) {}

    /// Drops the indices that hold nothing from after a time, of all tenants.
    Dropped dropBefore(Instant horizon) {
        return throughAliases() ? dropRolledOver(horizon) : dropDated(horizon);
    }

    private Dropped dropDated(Instant horizon) {
        var gone = new ArrayList<String>();
        var windows = new HashSet<Instant>();
        for (var kind : IndexKind.values()) {
            var old = new TreeMap<String, Window>();
            for (var name : existing(IndexNames.patternOfAll(config, kind)).keySet()) {
                IndexNames.windowOfAny(config, kind, name)
                        .filter(window -> !window.end().isAfter(horizon))
                        .ifPresent(window -> old.put(name, window));
            }
            old.keySet().retainAll(ours(kind, old.keySet()));
            old.values().forEach(window -> windows.add(window.start()));
            gone.addAll(old.keySet());
        }
        drop(gone);
        return new Dropped(windows.size(), gone);
    }

    // The default tenant's names are ours by name. Behind another name there may be somebody else,
    // so for those an index must say itself that it is ours.
    private Set<String> ours(IndexKind kind, Set<String> candidates) {
        var ofDefault = names(Tenant.DEFAULT);
        var ours = new HashSet<String>();
        var others = new ArrayList<String>();
        for (var name : candidates) {
            if (ofDefault.window(kind, name).isPresent() || ofDefault.isRollover(kind, name)) {
                ours.add(name);
            } else {
                others.add(name);
            }
        }
        for (var group : UrlNames.joined(others)) {
            var answer =
                    client.get(
                            "/"
                                    + group
                                    + "/_mapping?ignore_unavailable=true"
                                    + "&filter_path=*.mappings._meta.millrace");
            requireGood("mappings", answer);
            answer.body()
                    .properties()
                    .forEach(index -> {
                        var mark = index.getValue().at("/mappings/_meta/millrace/index-prefix");
                        if (mark.isTextual() && mark.asText().equals(config.prefix())) {
                            ours.add(index.getKey());
                        }
                    });
        }
        return ours;
    }

    // When the next index was made, nothing more was written to the one before.
    private Dropped dropRolledOver(Instant horizon) {
        var gone = new ArrayList<String>();
        int windows = 0;
        for (var kind : IndexKind.values()) {
            var all = existing(IndexNames.patternOfAll(config, kind));
            all.keySet().removeIf(name -> !name.matches(".*-\\d{6,}"));
            all.keySet().retainAll(ours(kind, all.keySet()));
            var created = creationTimes(List.copyOf(all.keySet()));
            var byStem = new TreeMap<String, List<String>>();
            for (var name : all.keySet()) {
                String stem = name.substring(0, name.lastIndexOf('-'));
                byStem.computeIfAbsent(stem, _ -> new ArrayList<>()).add(name);
            }
            for (var series : byStem.values()) {
                series.sort(Comparator.comparingLong(IndexAdmin::number));
                for (int i = 0; i + 1 < series.size(); i++) {
                    var name = series.get(i);
                    var end = created.getOrDefault(series.get(i + 1), Instant.MAX);
                    boolean written =
                            all.getOrDefault(name, Set.of()).stream()
                                    .anyMatch(alias -> alias.endsWith("-write"));
                    if (!written && !end.isAfter(horizon)) {
                        gone.add(name);
                        windows += kind == IndexKind.SPAN ? 1 : 0;
                    }
                }
            }
        }
        drop(gone);
        return new Dropped(windows, gone);
    }

    private static long number(String name) {
        return Long.parseLong(name.substring(name.lastIndexOf('-') + 1));
    }

    private Map<String, Instant> creationTimes(List<String> indices) {
        var times = new TreeMap<String, Instant>();
        for (var group : UrlNames.joined(indices)) {
            var answer =
                    client.get(
                            "/"
                                    + group
                                    + "/_settings?ignore_unavailable=true"
                                    + "&filter_path=*.settings.index.creation_date");
            requireGood("settings", answer);
            answer.body()
                    .properties()
                    .forEach(index ->
                            times.put(
                                    index.getKey(),
                                    Instant.ofEpochMilli(
                                            index.getValue()
                                                    .at("/settings/index/creation_date")
                                                    .asLong())));
        }
        return times;
    }

    private void drop(List<String> indices) {
        for (var group : UrlNames.joined(indices)) {
            requireGood("drop", client.delete("/" + group + "?ignore_unavailable=true"));
        }
        indices.forEach(readyIndices::remove);
    }

    /// Begins new indices where the present ones are so old or so full.
    ///
    /// @return the new ones
    List<String> rollOver(Tenant tenant, Duration age, long documents) {
        var ofTenant = names(tenant);
        var begun = new ArrayList<String>();
        for (var kind : IndexKind.values()) {
            var limits = Json.object("max_age", age.toSeconds() + "s").put("max_docs", documents);
            var body =
                    Json.object("conditions", limits)
                            .<ObjectNode>set("mappings", Templates.ours(config, kind))
                            .<ObjectNode>set(
                                    "aliases",
                                    Json.object(ofTenant.readAlias(kind), Json.object()));
            String alias = ofTenant.writeAlias(kind);
            var answer = client.post("/" + UrlNames.one(alias) + "/_rollover", body);
            requireGood("rollover of " + alias, answer);
            if (answer.body().path("rolled_over").asBoolean()) {
                begun.add(answer.body().path("new_index").asText());
            }
        }
        return begun;
    }

    private static void requireGood(String what, RestClient.Answer answer) {
        if (!answer.isGood()) {
            throw RestClient.failure(what, answer);
        }
    }
}
