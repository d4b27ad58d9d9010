package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/// Notes in the mappings of indices that say that they are ours: behind the name of a tenant there
/// may be somebody else.
///
/// @param prefix before all names, by which several of us are told apart
record IndexMarks(RestClient client, String prefix) {

    private static final String META = "_meta";

    /// What a note says.
    static ObjectNode note(String prefix) {
        return Json.object().put("index-prefix", prefix);
    }

    /// Those of some indices that say so.
    Set<String> of(Collection<String> indices) {
        var ours = new HashSet<String>();
        for (var group : UrlNames.joined(indices)) {
            var answer =
                    client.get(
                            "/"
                                    + group
                                    + "/_mapping?ignore_unavailable=true&filter_path=*.mappings._meta."
                                    + Templates.MILLRACE);
            IndexAdmin.requireGood("mappings", answer);
            answer.body()
                    .properties()
                    .forEach(index -> {
                        if (isOurs(index.getValue().path("mappings").path(META))) {
                            ours.add(index.getKey());
                        }
                    });
        }
        return ours;
    }

    private boolean isOurs(JsonNode meta) {
        return note(prefix).equals(meta.path(Templates.MILLRACE));
    }

    /// Has an index say so, besides whatever else is noted there.
    ///
    /// @param index or an alias that is written through
    void put(String index) {
        String path = "/" + UrlNames.one(index) + "/_mapping";
        var answer = client.get(path + "?filter_path=*.mappings._meta");
        IndexAdmin.requireGood("mapping of " + index, answer);
        var meta = Json.object();
        for (var one : answer.body()) {
            var noted = one.path("mappings").path(META);
            if (isOurs(noted)) {
                return;
            }
            if (noted instanceof ObjectNode others) {
                meta.setAll(others);
            }
        }
        meta.set(Templates.MILLRACE, note(prefix));
        IndexAdmin.requireGood(
                "mapping of " + index,
                client.put(path + "?write_index_only=true", Json.object(META, meta)));
    }
}
