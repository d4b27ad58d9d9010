package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Asks indices, and takes only whole answers: one that some shard is missing from is a failure.
///
/// @param copies by which word the copies of each shard are chosen that answer; empty for any
record Searches(RestClient client, String copies) {

    /// The most documents a server gives at once.
    private static final int MAX_PAGE = 10_000;

    /// The shards of an index that was just made, or that move to another node, answer a moment
    /// later.
    private static final int ATTEMPTS = 5;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    private static final String PATH =
            "/_msearch"
                    + "?filter_path=responses.hits.hits,responses.aggregations,responses.error,"
                    + "responses.status,responses._shards.failed,responses.timed_out";

    Searches(RestClient client) {
        this(client, "");
    }

    /// Asks the same copy of a shard each time, as long as it is there: copies show what is written
    /// a moment apart, and a later answer must not know less than an earlier one.
    ///
    /// @param word not to begin with an underscore; another one may mean other copies
    Searches ofSameCopies(String word) {
        return new Searches(client, word);
    }

    /// @param body a search in the servers' words
    /// @return the answer, without hits when there are no indices
    JsonNode ask(String what, List<String> indices, ObjectNode body) {
        if (indices.isEmpty()) {
            return Json.object();
        }
        // Names go into the body, where there is room for any number of them.
        var header =
                Json.object()
                        .put("ignore_unavailable", true)
                        .put("allow_no_indices", true)
                        .put("allow_partial_search_results", false)
                        .<ObjectNode>set("index", Json.array(indices));
        if (!copies.isEmpty()) {
            header.put("preference", copies);
        }
        var lines = new ByteArrayOutputStream();
        lines.writeBytes(Json.bytes(header));
        lines.write('\n');
        lines.writeBytes(Json.bytes(body.put("track_total_hits", false)));
        lines.write('\n');
        long pause = FIRST_PAUSE.toNanos();
        for (int attempt = 1; ; attempt++) {
            var answer = client.postLines(PATH, lines.toByteArray());
            if (!answer.isGood()) {
                throw RestClient.failure(what, answer);
            }
            var response = answer.body().path("responses").path(0);
            var failure = failure(what, response);
            if (failure == null) {
                return response;
            }
            if (failure.kind() != Kind.UNAVAILABLE || attempt == ATTEMPTS) {
                throw failure;
            }
            LockSupport.parkNanos(pause);
            pause *= 2;
        }
    }

    private static @Nullable StoreException failure(String what, JsonNode response) {
        int status = response.path("status").asInt(200);
        if (status >= 400 || response.has("error")) {
            return RestClient.failure(what, new RestClient.Answer(status, response, false));
        }
        if (response.path("_shards").path("failed").asInt() > 0
                || response.path("timed_out").asBoolean()) {
            return new StoreException(Kind.UNAVAILABLE, what + ": some shards did not answer");
        }
        return null;
    }

    static JsonNode hits(JsonNode response) {
        return response.path("hits").path("hits");
    }

    /// Hands out every document that matches, once, until it is told to stop.
    ///
    /// Pages overlap by the documents that are equal to the last one in all keys, so that none is
    /// missed between two pages; no snapshot has to be held open for it.
    ///
    /// @param keys fields that every document has a value of, to page by
    /// @param pageSize how many documents are asked for at once
    /// @param each tells whether to go on
    void forEach(
            String what,
            List<String> indices,
            JsonNode query,
            List<String> keys,
            int pageSize,
            Predicate<JsonNode> each) {
        @Nullable JsonNode last = null;
        var seen = new HashSet<String>();
        while (true) {
            var page = page(what, indices, query, keys, pageSize, last);
            for (var hit : page.hits()) {
                var key = hit.path("sort");
                if (!key.equals(last)) {
                    seen.clear();
                    last = key;
                }
                if (seen.add(hit.path("_index").asText() + "/" + hit.path("_id").asText())
                        && !each.test(hit)) {
                    return;
                }
            }
            if (!page.more()) {
                return;
            }
        }
    }

    /// Some of the documents that match, in the order of the keys.
    ///
    /// @param more whether there are others behind them
    record Page(JsonNode hits, boolean more) {

        /// The values of the keys in the last document, from which the next page begins.
        JsonNode last() {
            return hits.get(hits.size() - 1).path("sort");
        }
    }

    /// One page of documents.
    ///
    /// @param from [Page#last()] of the page before, whose documents with these values come again;
    ///   null for the first one
    Page page(
            String what,
            List<String> indices,
            JsonNode query,
            List<String> keys,
            int pageSize,
            @Nullable JsonNode from) {
        var filters = new ArrayList<JsonNode>();
        filters.add(query);
        if (from != null) {
            filters.add(notBefore(keys, from));
        }
        var sort = Json.array();
        keys.forEach(key -> sort.add(ordered(key, "asc")));
        int size = pageSize;
        while (true) {
            var body = Json.object().put("size", size).<ObjectNode>set("query", Query.all(filters));
            body.set("sort", sort);
            var page = new Page(hits(ask(what, indices, body)), true);
            if (page.hits().size() < size) {
                return new Page(page.hits(), false);
            }
            if (!page.last().equals(from)) {
                return page;
            }
            if (size == MAX_PAGE) {
                throw new StoreException(
                        Kind.OVER_CAPACITY,
                        what + ": more than " + MAX_PAGE + " documents equal in " + keys);
            }
            size = MAX_PAGE;
        }
    }

    /// A key to sort by, even where an index has no document with it yet.
    static ObjectNode ordered(String key, String order) {
        String type =
                switch (key) {
                    case "startTime" -> "long";
                    case "timestamp" -> "date";
                    default -> "keyword";
                };
        return Json.object(key, Json.object("order", order).put("unmapped_type", type));
    }

    /// Documents that come after one in the order of keys, or are equal to it.
    private static ObjectNode notBefore(List<String> keys, JsonNode values) {
        var alternatives = new ArrayList<JsonNode>();
        var equal = new ArrayList<JsonNode>();
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i);
            boolean isLast = i == keys.size() - 1;
            var clauses = new ArrayList<JsonNode>(equal);
            clauses.add(
                    Json.object(
                            "range",
                            Json.object(key, Json.object(isLast ? "gte" : "gt", values.get(i)))));
            alternatives.add(Query.all(clauses));
            equal.add(Json.object("term", Json.object(key, values.get(i))));
        }
        return Query.any(alternatives);
    }
}
