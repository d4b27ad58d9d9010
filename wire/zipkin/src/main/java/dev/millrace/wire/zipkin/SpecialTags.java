package dev.millrace.wire.zipkin;

import dev.millrace.wire.zipkin.SpanDraft.TagType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The tags of a span that OpenTelemetry's mapping makes something else of than attributes.
///
/// Those, and tags whose key comes again later, are marked as [#TAKEN] in the draft.
final class SpecialTags {

    /// In place of the key of a tag that is not to become an attribute.
    static final long TAKEN = -1;

    static final int PEER_SERVICE = 1;
    static final int PEER_IP = 1 << 1;
    static final int PEER_PORT = 1 << 2;
    static final int HOST_IP = 1 << 3;
    static final int HOST_PORT = 1 << 4;
    static final int SHARED = 1 << 5;
    static final int DEBUG = 1 << 6;
    static final int START_ABSENT = 1 << 7;

    private static final int FEW_TAGS = 32;

    private final SpanDraft span;
    private final Texts texts;
    private int present;

    long traceState;
    long scopeName;
    long scopeVersion;
    int statusCode;
    long statusMessage;
    long droppedAttributes;
    long droppedEvents;
    long droppedLinks;
    List<LinkText> links = List.of();
    private boolean internal;
    private int errorTag;
    private int codeTag;
    private int descriptionTag;

    SpecialTags(SpanDraft span) {
        this.span = span;
        this.texts = span.texts;
    }

    boolean has(int tag) {
        return (present & tag) != 0;
    }

    int kind() {
        return span.kind == OtlpFields.KIND_UNSPECIFIED && internal
                ? OtlpFields.KIND_INTERNAL
                : span.kind;
    }

    /// Looks at all tags of the draft.
    void sort() {
        present = 0;
        traceState = Texts.NONE;
        scopeName = Texts.NONE;
        scopeVersion = Texts.NONE;
        statusCode = OtlpFields.STATUS_UNSET;
        statusMessage = Texts.NONE;
        droppedAttributes = 0;
        droppedEvents = 0;
        droppedLinks = 0;
        links = List.of();
        internal = false;
        errorTag = -1;
        codeTag = -1;
        descriptionTag = -1;
        takeRepeated();
        for (int i = 0; i < span.tags; i++) {
            long key = span.tagKeys[i];
            if (key != TAKEN && Texts.length(key) >= 5) {
                switch (texts.array(key)[Texts.from(key)]) {
                    case 'e', 'n', 'o', 'p', 's', 'w', 'z' -> look(i, key);
                    default -> {}
                }
            }
        }
        status();
    }

    private void look(int i, long key) {
        switch (Texts.length(key)) {
            case 5, 9, 11, 12, 13, 14, 15, 16, 17, 18, 20, 23, 25, 28, 29, 33 -> {}
            default -> {
                return;
            }
        }
        switch (texts.string(key)) {
            case "error" -> errorTag = i;
            case "span.kind" -> spanKind(i);
            case "net.host.ip" -> present |= HOST_IP;
            case "net.host.port" -> present |= HOST_PORT;
            case "net.peer.ip" -> present |= PEER_IP;
            case "net.peer.port" -> present |= PEER_PORT;
            case "peer.service" -> present |= PEER_SERVICE;
            case "zipkin.shared" -> present |= SHARED;
            case "zipkin.debug" -> present |= DEBUG;
            case "otel.zipkin.absentField.startTime" -> present |= START_ABSENT;
            case "w3c.tracestate" -> traceState = take(i, traceState);
            case "otel.scope.name" -> scopeName = take(i, Texts.NONE);
            case "otel.scope.version" -> scopeVersion = take(i, Texts.NONE);
            case "otel.library.name" -> scopeName = take(i, scopeName);
            case "otel.library.version" -> scopeVersion = take(i, scopeVersion);
            case "otel.status_code" -> codeTag = i;
            case "otel.status_description" -> descriptionTag = i;
            case "otel.dropped_attributes_count" -> droppedAttributes = count(i);
            case "otel.dropped_events_count" -> droppedEvents = count(i);
            case "otel.dropped_links_count" -> droppedLinks = count(i);
            default -> link(i, key);
        }
    }

    private long take(int i, long known) {
        if (span.tagTypes[i] != TagType.TEXT) {
            return known;
        }
        span.tagKeys[i] = TAKEN;
        return Texts.length(known) > 0 ? known : span.tagValues[i];
    }

    private @Nullable String value(int i) {
        return i >= 0 && span.tagTypes[i] == TagType.TEXT ? texts.string(span.tagValues[i]) : null;
    }

    private void spanKind(int i) {
        if (span.kind == OtlpFields.KIND_UNSPECIFIED && "internal".equals(value(i))) {
            internal = true;
            span.tagKeys[i] = TAKEN;
        }
    }

    private long count(int i) {
        long count = LinkText.count(value(i));
        if (count < 0) {
            return 0;
        }
        span.tagKeys[i] = TAKEN;
        return count;
    }

    private void link(int i, long key) {
        String name = texts.string(key);
        String value = value(i);
        if (value == null || !name.startsWith("otlp.link.")) {
            return;
        }
        long number = LinkText.count(name.substring("otlp.link.".length()));
        var link = number < 0 ? null : LinkText.parse(value);
        if (link != null) {
            if (links.isEmpty()) {
                links = new ArrayList<>();
            }
            links.add(link);
            span.tagKeys[i] = TAKEN;
        }
    }

    private void status() {
        String code = value(codeTag);
        if (code != null) {
            String name = code.toUpperCase(Locale.ROOT);
            switch (name.startsWith("STATUS_CODE_") ? name.substring(12) : name) {
                case "OK" -> statusCode = OtlpFields.STATUS_OK;
                case "ERROR" -> statusCode = OtlpFields.STATUS_ERROR;
                case "UNSET" -> {}
                default -> codeTag = -1;
            }
            if (codeTag >= 0) {
                span.tagKeys[codeTag] = TAKEN;
            }
        }
        if (errorTag >= 0 && statusCode != OtlpFields.STATUS_OK) {
            error();
        }
        if (descriptionTag >= 0
                && statusCode != OtlpFields.STATUS_UNSET
                && span.tagTypes[descriptionTag] == TagType.TEXT) {
            statusMessage = take(descriptionTag, Texts.NONE);
        }
    }

    private void error() {
        if (span.tagTypes[errorTag] == TagType.BOOL && span.tagValues[errorTag] == 0) {
            return;
        }
        String error = value(errorTag);
        if ("false".equalsIgnoreCase(error)) {
            return;
        }
        statusCode = OtlpFields.STATUS_ERROR;
        if (error != null && error.isEmpty()) {
            // Stays an attribute too, or it could not be told from `true`.
            return;
        }
        if (error != null && !error.equals("true")) {
            statusMessage = span.tagValues[errorTag];
        }
        span.tagKeys[errorTag] = TAKEN;
    }

    // The last of several tags with one key counts, as in Zipkin.
    private void takeRepeated() {
        if (span.tags > FEW_TAGS) {
            takeRepeatedOfMany();
            return;
        }
        long seen = 0;
        for (int i = 0; i < span.tags; i++) {
            long key = span.tagKeys[i];
            long bit = 1L << bucket(key);
            if ((seen & bit) != 0) {
                for (int j = 0; j < i; j++) {
                    if (span.tagKeys[j] != TAKEN && texts.same(span.tagKeys[j], key)) {
                        span.tagKeys[j] = TAKEN;
                    }
                }
            }
            seen |= bit;
        }
    }

    private int bucket(long key) {
        int length = Texts.length(key);
        if (length == 0) {
            return 0;
        }
        byte[] bytes = texts.array(key);
        int from = Texts.from(key);
        return (length * 7 + bytes[from + length - 1] * 5 + bytes[from + length / 2]) & 63;
    }

    // Sorting keeps the time within bounds whatever the keys are, which hashing would not.
    private void takeRepeatedOfMany() {
        Integer[] order = IntStream.range(0, span.tags).boxed().toArray(Integer[]::new);
        Arrays.sort(order, (a, b) -> texts.compare(span.tagKeys[a], span.tagKeys[b]));
        for (int i = 1; i < order.length; i++) {
            if (texts.same(span.tagKeys[order[i - 1]], span.tagKeys[order[i]])) {
                // The sort is stable, so the earlier of equal keys comes first.
                order[i - 1] = -order[i - 1] - 1;
            }
        }
        for (int index : order) {
            if (index < 0) {
                span.tagKeys[-index - 1] = TAKEN;
            }
        }
    }
}
