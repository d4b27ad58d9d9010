package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Indices;
import dev.millrace.storage.elasticsearch.IndexNames.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Ends indices and begins those that follow, of all tenants.
///
/// Any number of processes may do so at once, and somebody's tools besides: what one has done the
/// others find done. Safe for any number of threads.
final class IndexUpkeep {

    private static final int BAD_REQUEST = 400;

    /// By then the servers are away, or nothing is allowed to us.
    private static final int MAX_FAILURES = 10;

    private final RestClient client;
    private final Indices config;
    private final IndexAdmin indices;
    private final IndexMarks marks;

    IndexUpkeep(RestClient client, Indices config, IndexAdmin indices) {
        this.client = client;
        this.config = config;
        this.indices = indices;
        this.marks = new IndexMarks(client, config.prefix());
    }

    /// What [#dropBefore] dropped.
    ///
    /// @param windows how many stretches of time; an index of the rollover layout is one
    record Dropped(int windows, List<String> indices) {}

    /// Drops the indices that hold nothing from after a time, of all tenants.
    Dropped dropBefore(Instant horizon) {
        return indices.throughAliases() ? dropRolledOver(horizon) : dropDated(horizon);
    }

    private Dropped dropDated(Instant horizon) {
        var gone = new ArrayList<String>();
        var windows = new HashSet<Instant>();
        for (var kind : IndexKind.values()) {
            var all = indices.existing(IndexNames.patternOfAll(config, kind)).keySet();
            var old = new TreeMap<String, Window>();
            for (var name : all) {
                IndexNames.windowOfAny(config, kind, name)
                        .filter(window -> isPast(kind, window, horizon))
                        .ifPresent(window -> old.put(name, window));
            }
            old.keySet().retainAll(ours(kind, old.keySet(), all));
            old.values().forEach(window -> windows.add(window.start()));
            gone.addAll(old.keySet());
        }
        drop(gone);
        return new Dropped(windows.size(), gone);
    }

    private static boolean isPast(IndexKind kind, Window window, Instant horizon) {
        // Figures of no minute in particular are kept as of the first one.
        boolean ofNoTime = kind == IndexKind.DEPENDENCIES && window.start().equals(Instant.EPOCH);
        return !ofNoTime && !window.end().isAfter(horizon);
    }

    /// Those of some indices that are of our tenants. The default tenant's are so by name; of
    /// another's it is enough that one index of the kind says so, for somebody may have made those
    /// in between.
    ///
    /// @param all the indices that there are of the kind
    private Set<String> ours(IndexKind kind, Collection<String> asked, Collection<String> all) {
        String ofDefault = indices.names(Tenant.DEFAULT).stem(kind);
        var stems = asked.stream().map(name -> stem(kind, name)).collect(Collectors.toSet());
        stems.remove(ofDefault);
        var said = marks.of(all.stream().filter(name -> stems.contains(stem(kind, name))).toList());
        var ours = said.stream().map(name -> stem(kind, name)).collect(Collectors.toSet());
        ours.add(ofDefault);
        return asked.stream()
                .filter(name -> ours.contains(stem(kind, name)))
                .collect(Collectors.toSet());
    }

    private String stem(IndexKind kind, String name) {
        return IndexNames.stemOfAny(config, kind, name).orElse("");
    }

    /// The indices behind the aliases of a tenant.
    ///
    /// @param byNumber with what is said of their aliases
    private record Series(IndexKind kind, String stem, TreeMap<Long, Member> byNumber) {

        private record Member(String name, JsonNode aliases) {}

        /// The one that is written to; empty when there is none, or it cannot be told.
        Optional<Long> written() {
            var written =
                    byNumber.entrySet().stream()
                            .filter(member ->
                                    isWritten(
                                            member.getValue().aliases(),
                                            IndexNames.writeAlias(stem)))
                            .map(Map.Entry::getKey)
                            .toList();
            return written.size() == 1 ? Optional.of(written.getFirst()) : Optional.empty();
        }

        /// Those that are not written to and were followed by another before the horizon. Then
        /// nothing more was written to them.
        List<String> before(Instant horizon, Map<String, Instant> created) {
            var old = new ArrayList<String>();
            byNumber.forEach((number, member) -> {
                var next = byNumber.higherEntry(number);
                if (next != null
                        && !isWrittenAnyhow(member.aliases())
                        && !created.getOrDefault(next.getValue().name(), Instant.MAX)
                                .isAfter(horizon)) {
                    old.add(member.name());
                }
            });
            return old;
        }

        private static boolean isWrittenAnyhow(JsonNode aliases) {
            return aliases.propertyStream()
                    .map(Map.Entry::getKey)
                    .anyMatch(alias -> alias.endsWith("-write") && isWritten(aliases, alias));
        }

        // An alias of one index need not say so.
        private static boolean isWritten(JsonNode aliases, String alias) {
            return aliases.has(alias) && aliases.path(alias).path("is_write_index").asBoolean(true);
        }
    }

    private List<Series> series(IndexKind kind) {
        var all = indices.existing(IndexNames.patternOfAll(config, kind));
        var byStem = new TreeMap<String, Series>();
        all.forEach((name, aliases) ->
                IndexNames.numberOfAny(config, kind, name)
                        .ifPresent(number ->
                                byStem.computeIfAbsent(
                                                stem(kind, name),
                                                stem -> new Series(kind, stem, new TreeMap<>()))
                                        .byNumber()
                                        .put(number, new Series.Member(name, aliases))));
        var names =
                byStem.values().stream()
                        .flatMap(series -> series.byNumber().values().stream())
                        .map(Series.Member::name)
                        .toList();
        var ours =
                ours(kind, names, names).stream()
                        .map(name -> stem(kind, name))
                        .collect(Collectors.toSet());
        byStem.keySet().retainAll(ours);
        return List.copyOf(byStem.values());
    }

    private Dropped dropRolledOver(Instant horizon) {
        var gone = new ArrayList<String>();
        int windows = 0;
        for (var kind : IndexKind.values()) {
            var all = series(kind);
            var created = creationTimes(all);
            for (var series : all) {
                var old = series.before(horizon, created);
                if (!old.isEmpty() && !isOfDefault(series)) {
                    // The last one that said whose they are may be among them.
                    marks.put(series.byNumber().lastEntry().getValue().name());
                }
                gone.addAll(old);
                windows += kind == IndexKind.SPAN ? old.size() : 0;
            }
        }
        drop(gone);
        return new Dropped(windows, gone);
    }

    private boolean isOfDefault(Series series) {
        return series.stem().equals(indices.names(Tenant.DEFAULT).stem(series.kind()));
    }

    private Map<String, Instant> creationTimes(List<Series> all) {
        var names =
                all.stream()
                        .filter(series -> series.byNumber().size() > 1)
                        .flatMap(series -> series.byNumber().values().stream())
                        .map(Series.Member::name)
                        .toList();
        var times = new TreeMap<String, Instant>();
        for (var group : UrlNames.joined(names)) {
            var answer =
                    client.get(
                            "/"
                                    + group
                                    + "/_settings?ignore_unavailable=true"
                                    + "&filter_path=*.settings.index.creation_date");
            IndexAdmin.requireGood("settings", answer);
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

    private void drop(List<String> gone) {
        for (var group : UrlNames.joined(gone)) {
            IndexAdmin.requireGood("drop", client.delete("/" + group + "?ignore_unavailable=true"));
        }
        indices.forget(gone);
    }

    /// Begins new indices for all tenants where the present ones have reached their limits. One
    /// that fails does not keep the others from it.
    RolledOver rollOver(RolloverLimits limits) {
        var begun = new ArrayList<String>();
        var failures = new ArrayList<String>();
        for (var kind : IndexKind.values()) {
            for (var series : series(kind)) {
                var written = series.written();
                if (written.isEmpty() || failures.size() >= MAX_FAILURES) {
                    continue;
                }
                try {
                    rollOver(kind, series.stem(), written.get(), limits).ifPresent(begun::add);
                } catch (StoreException e) {
                    failures.add(String.valueOf(e.getMessage()));
                }
            }
        }
        return new RolledOver(begun, failures);
    }

    /// Begins new indices for a tenant where the present ones have reached their limits.
    ///
    /// @return the new ones
    List<String> rollOver(Tenant tenant, RolloverLimits limits) {
        var begun = new ArrayList<String>();
        for (var kind : IndexKind.values()) {
            String stem = indices.names(tenant).stem(kind);
            rollOver(kind, stem, written(kind, stem), limits).ifPresent(begun::add);
        }
        return begun;
    }

    /// The number of the index that is written to.
    private long written(IndexKind kind, String stem) {
        String alias = IndexNames.writeAlias(stem);
        var answer = client.get("/_alias/" + UrlNames.one(alias));
        IndexAdmin.requireGood("alias " + alias, answer);
        var written = new ArrayList<String>();
        answer.body()
                .properties()
                .forEach(index -> {
                    if (Series.isWritten(index.getValue().path("aliases"), alias)) {
                        written.add(index.getKey());
                    }
                });
        if (written.size() == 1) {
            var number = IndexNames.numberOfAny(config, kind, written.getFirst());
            if (number.isPresent()) {
                return number.getAsLong();
            }
        }
        throw new StoreException(
                Kind.INVALID_REQUEST,
                "alias "
                        + alias
                        + ": writes to "
                        + written
                        + " (expected: one index, such as "
                        + IndexNames.rollover(stem, 1)
                        + ")");
    }

    /// The index that is written to through an alias.
    ///
    /// @param number by which those behind the alias are told apart
    record Written(IndexKind kind, String stem, long number) {

        String next() {
            return IndexNames.rollover(stem, number + 1);
        }
    }

    /// What is written to through an alias of whichever tenant.
    Written written(String alias) {
        for (var kind : IndexKind.values()) {
            var stem = IndexNames.stemOfAny(config, kind, alias);
            if (stem.isPresent()) {
                return new Written(kind, stem.get(), written(kind, stem.get()));
            }
        }
        throw new StoreException(
                Kind.BUG,
                "alias " + alias + ": of no kind (expected: one that is written through)");
    }

    /// Begins the index after one that takes no more, unless that was done meanwhile.
    ///
    /// @return whether it was begun by this
    boolean rollOverFull(Written full) {
        return rollOver(full.kind(), full.stem(), full.number(), Json.object()).isPresent();
    }

    private Optional<String> rollOver(
            IndexKind kind, String stem, long written, RolloverLimits limits) {
        var conditions =
                Json.object("max_age", limits.age().toSeconds() + "s")
                        .put("max_docs", limits.documents());
        return rollOver(kind, stem, written, Json.object("conditions", conditions));
    }

    // The new index has a name, or two who do this at once would begin two.
    private Optional<String> rollOver(
            IndexKind kind, String stem, long written, ObjectNode conditions) {
        var body =
                conditions
                        .<ObjectNode>set("mappings", Templates.ours(config, kind))
                        .<ObjectNode>set(
                                "aliases", Json.object(IndexNames.readAlias(stem), Json.object()));
        String alias = IndexNames.writeAlias(stem);
        String next = IndexNames.rollover(stem, written + 1);
        var answer =
                client.post("/" + UrlNames.one(alias) + "/_rollover/" + UrlNames.one(next), body);
        if (answer.status() == BAD_REQUEST
                && answer.error().contains("resource_already_exists_exception")) {
            return Optional.empty();
        }
        IndexAdmin.requireGood("rollover of " + alias, answer);
        return answer.body().path("rolled_over").asBoolean() ? Optional.of(next) : Optional.empty();
    }
}
