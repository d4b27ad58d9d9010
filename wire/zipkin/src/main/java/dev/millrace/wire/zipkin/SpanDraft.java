package dev.millrace.wire.zipkin;

import java.util.Arrays;

/// One span as read so far, in any of Zipkin's formats; used again for the next.
///
/// Times are microseconds, and 0 when absent.
final class SpanDraft {

    /// What a tag's value is; all but texts come from v1's typed annotations.
    enum TagType {
        TEXT,
        BOOL,
        INT,
        REAL
    }

    final Texts texts;
    final Host local = new Host();
    final Host remote = new Host();

    boolean hasTraceId;
    long traceIdHigh;
    long traceIdLow;
    long id;
    long parentId;
    int kind;
    long name;
    long timestamp;
    long duration;
    boolean debug;
    boolean shared;

    int tags;
    long[] tagKeys = new long[16];

    // A text, or the bits of a value of another type.
    long[] tagValues = new long[16];
    TagType[] tagTypes = new TagType[16];

    int annotations;
    long[] annotationTimes = new long[8];
    long[] annotationValues = new long[8];

    SpanDraft(Texts texts) {
        this.texts = texts;
    }

    void clear() {
        texts.clear();
        local.clear();
        remote.clear();
        hasTraceId = false;
        traceIdHigh = 0;
        traceIdLow = 0;
        id = 0;
        parentId = 0;
        kind = OtlpFields.KIND_UNSPECIFIED;
        name = Texts.NONE;
        timestamp = 0;
        duration = 0;
        debug = false;
        shared = false;
        tags = 0;
        annotations = 0;
    }

    void tag(long key, long value) {
        tag(key, TagType.TEXT, value);
    }

    void tag(long key, TagType type, long value) {
        if (tags == tagKeys.length) {
            tagKeys = Arrays.copyOf(tagKeys, 2 * tags);
            tagValues = Arrays.copyOf(tagValues, 2 * tags);
            tagTypes = Arrays.copyOf(tagTypes, 2 * tags);
        }
        tagKeys[tags] = key;
        tagValues[tags] = value;
        tagTypes[tags++] = type;
    }

    void annotation(long time, long value) {
        if (annotations == annotationTimes.length) {
            annotationTimes = Arrays.copyOf(annotationTimes, 2 * annotations);
            annotationValues = Arrays.copyOf(annotationValues, 2 * annotations);
        }
        annotationTimes[annotations] = time;
        annotationValues[annotations++] = value;
    }
}
