package dev.millrace.wire.zipkin;

import dev.millrace.model.Slice;
import org.jspecify.annotations.Nullable;

/// An event with attributes as the value of an annotation, in either of OpenTelemetry's forms:
/// `"name":{"key":"value"}` of the SDKs, or `name|{"key":"value"}|0` of the Collector.
///
/// @param attributes as fields of an OTLP event
record AnnotationText(String name, Slice attributes, long dropped) {

    /// The event, or null when the text is just a name.
    static @Nullable AnnotationText parse(Texts texts, long text, int maxBytes) {
        int length = Texts.length(text);
        if (length < 4) {
            return null;
        }
        byte[] bytes = texts.array(text);
        byte first = bytes[Texts.from(text)];
        byte last = bytes[Texts.from(text) + length - 1];
        if (first == '"' && last == '}') {
            return fromSdk(texts.string(text), maxBytes);
        }
        if (last >= '0' && last <= '9') {
            return fromCollector(texts.string(text), maxBytes);
        }
        return null;
    }

    private static @Nullable AnnotationText fromSdk(String text, int maxBytes) {
        // A bare quote cannot stand in the name for long: SDKs write it as it is.
        int colon = text.indexOf("\":");
        if (colon < 1) {
            return null;
        }
        var attributes =
                JsonAttributes.write(
                        text.substring(colon + 2), OtlpFields.EVENT_ATTRIBUTES, maxBytes);
        return attributes == null
                ? null
                : new AnnotationText(text.substring(1, colon), attributes, 0);
    }

    private static @Nullable AnnotationText fromCollector(String text, int maxBytes) {
        int first = text.indexOf('|');
        int last = text.lastIndexOf('|');
        if (first < 0 || last <= first) {
            return null;
        }
        long dropped = LinkText.count(text.substring(last + 1));
        if (dropped < 0) {
            return null;
        }
        var attributes =
                JsonAttributes.write(
                        text.substring(first + 1, last), OtlpFields.EVENT_ATTRIBUTES, maxBytes);
        return attributes == null
                ? null
                : new AnnotationText(text.substring(0, first), attributes, dropped);
    }
}
