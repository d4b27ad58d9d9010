package dev.millrace.storage.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Resource;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What a search asks of the index: every span that matches, and some that do not.
///
/// A document is a span, so all conditions of a search hold in the same document. The index is
/// coarser than a span where it has microseconds, where it has no terms for long texts, and where
/// it has JSON for lists and maps.
record CandidateQuery(TraceSearch search, String dotReplacement) {

    private static final String BYTES_AS_TEXT = "Bytes[value=Slice[";

    ObjectNode query() {
        var filters = new ArrayList<JsonNode>();
        addTimes(filters);
        String service = search.service();
        if (service != null) {
            filters.add(service(service));
        }
        String operation = search.operation();
        if (operation != null) {
            filters.add(Query.text("operationName", List.of(operation)));
        }
        var kind = search.kind();
        // Nothing tells a kind that is not specified from one that a sender put into a tag.
        if (kind != null && kind != SpanKind.UNSPECIFIED) {
            filters.add(tag(TagNames.KIND, List.of(kind.name().toLowerCase(Locale.ROOT))));
        }
        var status = search.status();
        if (status != null) {
            addStatus(status, filters);
        }
        for (var attribute : search.attributes()) {
            filters.add(attribute(attribute));
        }
        return Query.all(filters);
    }

    private void addTimes(List<JsonNode> filters) {
        filters.add(
                Query.range(
                        "startTime", Micros.of(search.startNanos()), Micros.of(search.endNanos())));
        if (search.minDurationNanos() > 0 || search.maxDurationNanos() < Long.MAX_VALUE) {
            filters.add(
                    Query.range(
                            "duration",
                            Micros.of(search.minDurationNanos()),
                            Micros.of(search.maxDurationNanos())));
        }
    }

    static ObjectNode service(String service) {
        return Query.text(
                "process.serviceName",
                service.equals(Resource.UNKNOWN_SERVICE)
                        ? List.of(service, TagNames.NO_SERVICE)
                        : List.of(service));
    }

    private void addStatus(Status.Code status, List<JsonNode> filters) {
        switch (status) {
            // Like a kind that is not specified.
            case UNSET -> {}
            case OK -> filters.add(tag(TagNames.STATUS_CODE, List.of("OK", "ok", "Ok")));
            case ERROR ->
                    filters.add(
                            Query.any(
                                    tag(
                                            TagNames.ERROR,
                                            List.of("true", "True", "TRUE", "t", "T", "1")),
                                    tag(TagNames.STATUS_CODE, List.of("ERROR", "error", "Error"))));
        }
    }

    /// A tag of the span itself.
    private ObjectNode tag(String key, List<String> values) {
        return Query.any(
                Query.nested(
                        "tags",
                        List.of(Query.term("tags.key", key), Query.terms("tags.value", values))),
                Query.terms("tag." + TagNames.field(key, dotReplacement), values));
    }

    private ObjectNode attribute(AttributeMatch match) {
        var alternatives = new ArrayList<JsonNode>();
        for (var list : TagNames.LISTS) {
            alternatives.add(
                    Query.nested(
                            list,
                            List.of(
                                    Query.text(list + ".key", List.of(match.key())),
                                    inList(list, match.value()))));
        }
        if (TagNames.canBeField(match.key(), dotReplacement)) {
            for (var fields : TagNames.FIELDS) {
                alternatives.add(
                        asField(
                                fields + "." + TagNames.field(match.key(), dotReplacement),
                                match.value()));
            }
        }
        if (match.key().equals(TagNames.SERVICE)) {
            alternatives.add(service(match.value()));
        }
        return Query.any(alternatives);
    }

    private static ObjectNode inList(String list, String value) {
        String field = list + ".value";
        var alternatives = new ArrayList<JsonNode>();
        alternatives.add(Query.terms(field, spellings(value)));
        if (isCompound(value)) {
            alternatives.add(Query.prefix(field, value.substring(0, 1)));
        }
        if (mayBeLong(value)) {
            alternatives.add(Query.lacks(field));
        }
        if (value.startsWith(BYTES_AS_TEXT)) {
            alternatives.add(Query.term(list + ".type", "binary"));
        }
        return Query.any(alternatives);
    }

    private static ObjectNode asField(String field, String value) {
        var alternatives = new ArrayList<JsonNode>();
        alternatives.add(Query.terms(field, spellings(value)));
        if (isCompound(value)) {
            alternatives.add(Query.prefix(field, value.substring(0, 1)));
        }
        if (mayBeLong(value)) {
            // The server lists the fields of a document that it left out of the index.
            alternatives.add(Query.term("_ignored", field));
        }
        return Query.any(alternatives);
    }

    // As text these look alike in the model and in JSON for the first character only.
    private static boolean isCompound(String value) {
        return value.startsWith("[") || value.startsWith("{");
    }

    // JSON needs quotes that the model's text does not have.
    private static boolean mayBeLong(String value) {
        return value.length() > Query.MAX_KEYWORD || isCompound(value);
    }

    /// The texts that a value may have in the index: its own, and for a number those that Jaeger
    /// writes, who spells them as Go does.
    static Set<String> spellings(String value) {
        var spellings = new LinkedHashSet<String>();
        spellings.add(value);
        if (value.length() > 32) {
            return spellings;
        }
        try {
            double number = Double.parseDouble(value);
            if (Double.isFinite(number)) {
                spellings.add(inGo(number));
            }
        } catch (NumberFormatException _) {
            // Not a number.
        }
        // Bools that came as text of their type.
        switch (value) {
            case "true" -> spellings.addAll(List.of("True", "TRUE", "t", "T", "1"));
            case "false" -> spellings.addAll(List.of("False", "FALSE", "f", "F", "0"));
            default -> {}
        }
        return spellings;
    }

    /// Plain digits between a millionth and 10 to the 21, else an exponent without leading zeros.
    static String inGo(double number) {
        if (number == 0) {
            return 1 / number < 0 ? "-0" : "0";
        }
        var decimal = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        double size = Math.abs(number);
        if (size >= 1e-6 && size < 1e21) {
            return decimal.toPlainString();
        }
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - decimal.scale();
        return (number < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() == 1 ? "" : "." + digits.substring(1))
                + "e"
                + (exponent < 0 ? "-" : "+")
                + Math.abs(exponent);
    }
}
