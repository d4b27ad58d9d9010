package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// What became of each document of a bulk request.
///
/// @param waiting may be written if they are sent again later
/// @param full of those, for how many there will be no room however long they wait
/// @param fullIndices where those were to go
/// @param overloaded whether one of those was refused for being too much at once
/// @param why one of those was not written; empty when all were
/// @param refused will never be written, and why
record BulkOutcome(
        List<BulkItem> waiting,
        int full,
        Set<String> fullIndices,
        boolean overloaded,
        String why,
        List<Refused> refused) {

    /// A document that the server will not have.
    record Refused(BulkItem item, String reason) {}

    private static final int GOOD = 300;
    private static final int BAD_REQUEST = 400;
    private static final int TOO_LARGE = 413;
    private static final int TOO_MANY = 429;

    // Complaints about the cluster or the index that come as if they were about the document.
    private static final Set<String> NOT_OF_THE_DOCUMENT =
            Set.of(
                    "validation_exception",
                    "index_closed_exception",
                    "invalid_alias_name_exception");

    /// What a server says of a shard that holds as many documents as Lucene can count: 2^31 - 129,
    /// the nested ones and those that were deleted lately included. Elasticsearch and OpenSearch
    /// have each said it in several ways; behind them is Lucene, which says it like this itself.
    private static final Pattern SHARD_IS_FULL =
            Pattern.compile(
                    "number of documents in (the )?(shard|index)\\b.* exceeds?\\b",
                    Pattern.CASE_INSENSITIVE);

    /// @param sent in their order
    /// @param body the server's answer, an entry for each of them in the same order
    static BulkOutcome of(List<BulkItem> sent, JsonNode body) {
        var waiting = new ArrayList<BulkItem>();
        var refused = new ArrayList<Refused>();
        boolean overloaded = false;
        int full = 0;
        var fullIndices = new TreeSet<String>();
        String why = "";
        var entries = body.path("items");
        for (int i = 0; i < sent.size(); i++) {
            var entry = entries.path(i).path("index");
            int status = entry.path("status").asInt();
            if (status > 0 && status < GOOD) {
                continue;
            }
            String type = entry.path("error").path("type").asText();
            String reason = type + ": " + reason(entry.path("error"));
            if (isOfAFullShard(type, reason)) {
                waiting.add(sent.get(i));
                full++;
                fullIndices.add(sent.get(i).index());
                overloaded = true;
                why = "status " + status + ", " + reason;
            } else if (isOfTheDocument(status, type, reason)) {
                refused.add(new Refused(sent.get(i), reason));
            } else {
                waiting.add(sent.get(i));
                overloaded |= status == TOO_MANY;
                why = "status " + status + ", " + reason;
            }
        }
        return new BulkOutcome(waiting, full, fullIndices, overloaded, why, refused);
    }

    // The outer reason of a mapping error only names the field.
    private static String reason(JsonNode error) {
        String outer = error.path("reason").asText();
        String inner = error.path("caused_by").path("reason").asText();
        String all = inner.isEmpty() ? outer : outer + ": " + inner;
        return all.length() <= 500 ? all : all.substring(0, 500) + "…";
    }

    private static boolean isOfAFullShard(String type, String reason) {
        return type.equals("illegal_argument_exception") && SHARD_IS_FULL.matcher(reason).find();
    }

    private static boolean isOfTheDocument(int status, String type, String reason) {
        return status == TOO_LARGE
                || (status == BAD_REQUEST
                        && !NOT_OF_THE_DOCUMENT.contains(type)
                        // A write alias without an index to write to, and the like.
                        && !(type.equals("illegal_argument_exception")
                                && reason.contains("alias")));
    }
}
