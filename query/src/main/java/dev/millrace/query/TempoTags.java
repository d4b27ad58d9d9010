package dev.millrace.query;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/// The tags of a search as Tempo takes them: `key=value` pairs with spaces between, values that
/// hold spaces in quotes. All of them must hold on the same span.
final class TempoTags {

    private static final String EXPECTED =
            "key=value pairs with spaces between, such as a=b c=\"d e\"";

    private final String text;
    private int at;

    private TempoTags(String text) {
        this.text = text;
    }

    /// Begins a search for spans with these tags.
    static TraceSearch.Builder search(String tags) {
        var search = TraceSearch.builder();
        var attributes = new ArrayList<AttributeMatch>();
        new TempoTags(tags)
                .pairs()
                .forEach((key, value) -> {
                    switch (key) {
                        case "service.name" -> search.service(value);
                        case "name" -> search.operation(value);
                        case "status" -> search.status(status(value));
                        case "kind" -> search.kind(kind(value));
                        default -> attributes.add(new AttributeMatch(key, value));
                    }
                });
        return search.attributes(attributes);
    }

    private static Status.Code status(String value) {
        return Parameters.status("tag status", value);
    }

    private static SpanKind kind(String value) {
        return Parameters.kind("tag kind", value);
    }

    private Map<String, String> pairs() {
        var pairs = new LinkedHashMap<String, String>();
        while (skipSpaces()) {
            int from = at;
            while (at < text.length() && "= \"".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            String key = text.substring(from, at);
            if (key.isEmpty() || at == text.length() || text.charAt(at) != '=') {
                throw invalid();
            }
            at++;
            if (pairs.put(key, value()) != null) {
                throw QueryException.invalid("tags", text, key + " once");
            }
        }
        return pairs;
    }

    private String value() {
        if (at < text.length() && text.charAt(at) == '"') {
            at++;
            return quoted();
        }
        int from = at;
        while (at < text.length() && text.charAt(at) != ' ') {
            if (text.charAt(at) == '"') {
                throw invalid();
            }
            at++;
        }
        return text.substring(from, at);
    }

    private String quoted() {
        var value = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return value.toString();
            }
            if (c == '\\' && at < text.length()) {
                c = text.charAt(at++);
            }
            value.append(c);
        }
        throw invalid();
    }

    private boolean skipSpaces() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length();
    }

    private QueryException invalid() {
        return QueryException.invalid("tags", text, EXPECTED);
    }
}
