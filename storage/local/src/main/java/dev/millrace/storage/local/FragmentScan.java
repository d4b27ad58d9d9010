package dev.millrace.storage.local;

import static dev.millrace.wire.otlp.ProtoReader.FIXED64;
import static dev.millrace.wire.otlp.ProtoReader.LENGTH_DELIMITED;
import static dev.millrace.wire.otlp.ProtoReader.VARINT;
import static dev.millrace.wire.otlp.ProtoReader.tag;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Resource;
import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.ProtoReader;
import java.util.Arrays;

/// Reads the terms and times of a fragment straight from its OTLP bytes.
///
/// Nothing of the model is built on the way. The result stays valid until the next scan. Not safe
/// for threads.
final class FragmentScan {

    private static final int FIELD_1 = tag(1, LENGTH_DELIMITED);
    private static final int FIELD_2 = tag(2, LENGTH_DELIMITED);
    private static final int FIELD_3 = tag(3, LENGTH_DELIMITED);
    private static final int SPAN_NAME = tag(5, LENGTH_DELIMITED);
    private static final int SPAN_KIND = tag(6, VARINT);
    private static final int SPAN_START = tag(7, FIXED64);
    private static final int SPAN_END = tag(8, FIXED64);
    private static final int SPAN_ATTRIBUTE = tag(9, LENGTH_DELIMITED);
    private static final int SPAN_EVENT = tag(11, LENGTH_DELIMITED);
    private static final int SPAN_LINK = tag(13, LENGTH_DELIMITED);
    private static final int SPAN_STATUS = tag(15, LENGTH_DELIMITED);
    private static final int STATUS_CODE = tag(3, VARINT);
    private static final int LINK_ATTRIBUTE = tag(4, LENGTH_DELIMITED);

    /// How many attributes of a span are compared with those of the span before.
    private static final int COMPARED = 64;

    private static final byte[] SERVICE_NAME = "service.name".getBytes(UTF_8);
    private static final byte[] UNKNOWN_SERVICE = Resource.UNKNOWN_SERVICE.getBytes(UTF_8);

    final TermSet terms = new TermSet();
    int spans;
    long earliestStart;
    long latestStart;
    long shortest;
    long longest;

    /// [Long#MIN_VALUE] when none has failed.
    long longestFailed;

    private Tenant tenant = Tenant.DEFAULT;
    private byte[] tenantPrefix = Terms.tenantPrefix(Tenant.DEFAULT);
    private byte[] source = Slice.EMPTY.array();

    // Where the attributes of the span before are, by their number; of size -1 where there is none.
    private final int[] offsetsBefore = new int[COMPARED];
    private final int[] sizesBefore = new int[COMPARED];

    // The service of the resource at hand.
    private byte[] serviceBytes = UNKNOWN_SERVICE;
    private int serviceOffset;
    private int serviceLength;
    private boolean serviceSeen;

    /// The earliest start among the spans of a body; [Long#MAX_VALUE] when it holds none.
    ///
    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the bytes are not OTLP
    static long earliestStart(Slice body) {
        long earliest = Long.MAX_VALUE;
        var data = ProtoReader.of(body);
        while (nextOf(data, FIELD_1)) {
            var resourceSpans = message(data, body.array());
            while (nextOf(resourceSpans, FIELD_2)) {
                var scopeSpans = message(resourceSpans, body.array());
                while (nextOf(scopeSpans, FIELD_2)) {
                    earliest = Math.min(earliest, start(message(scopeSpans, body.array())));
                }
            }
        }
        return earliest;
    }

    private static long start(ProtoReader span) {
        long start = 0;
        while (nextOf(span, SPAN_START)) {
            start = span.fixed64();
        }
        return start;
    }

    // Moves to the next field with this tag, past all others.
    private static boolean nextOf(ProtoReader reader, int wanted) {
        for (int tag = reader.next(); tag != 0; tag = reader.next()) {
            if (tag == wanted) {
                return true;
            }
            reader.skip();
        }
        return false;
    }

    private static ProtoReader message(ProtoReader parent, byte[] source) {
        int size = parent.lengthDelimited();
        return new ProtoReader(source, parent.position() - size, size);
    }

    /// @throws dev.millrace.wire.otlp.MalformedSpansException when the bytes are not OTLP
    void scan(Tenant owner, Slice body) {
        if (!tenant.equals(owner)) {
            tenant = owner;
            tenantPrefix = Terms.tenantPrefix(owner);
        }
        terms.clear();
        Arrays.fill(sizesBefore, -1);
        spans = 0;
        earliestStart = Long.MAX_VALUE;
        latestStart = Long.MIN_VALUE;
        shortest = Long.MAX_VALUE;
        longest = Long.MIN_VALUE;
        longestFailed = Long.MIN_VALUE;
        source = body.array();
        var data = ProtoReader.of(body);
        while (nextOf(data, FIELD_1)) {
            int size = data.lengthDelimited();
            scanResourceSpans(data.position() - size, size);
        }
    }

    // The resource decides the service of all spans beside it, and may come after them.
    private void scanResourceSpans(int offset, int size) {
        serviceBytes = UNKNOWN_SERVICE;
        serviceOffset = 0;
        serviceLength = UNKNOWN_SERVICE.length;
        serviceSeen = false;
        var resources = new ProtoReader(source, offset, size);
        while (nextOf(resources, FIELD_1)) {
            var resource = message(resources, source);
            while (nextOf(resource, FIELD_1)) {
                int length = resource.lengthDelimited();
                scanResourceAttribute(resource.position() - length, length);
            }
        }
        beginTerm('s');
        putCut(serviceBytes, serviceOffset, serviceLength, Terms.MAX_NAME);
        terms.end();
        var resourceSpans = new ProtoReader(source, offset, size);
        while (nextOf(resourceSpans, FIELD_2)) {
            scanScopeSpans(message(resourceSpans, source));
        }
    }

    private void scanResourceAttribute(int offset, int size) {
        scanAttribute(offset, size);
        if (serviceSeen) {
            return;
        }
        var pair = new ProtoReader(source, offset, size);
        boolean named = false;
        int valueOffset = 0;
        int valueLength = 0;
        for (int tag = pair.next(); tag != 0; tag = pair.next()) {
            if (tag == FIELD_1) {
                int length = pair.lengthDelimited();
                int at = pair.position() - length;
                named = Arrays.equals(source, at, at + length, SERVICE_NAME, 0, 12);
            } else if (tag == FIELD_2) {
                valueLength = pair.lengthDelimited();
                valueOffset = pair.position() - valueLength;
            } else {
                pair.skip();
            }
        }
        if (named) {
            serviceSeen = true;
            var value = new ProtoReader(source, valueOffset, valueLength);
            while (nextOf(value, FIELD_1)) {
                int length = value.lengthDelimited();
                if (length > 0) {
                    serviceBytes = source;
                    serviceOffset = value.position() - length;
                    serviceLength = length;
                }
            }
        }
    }

    private void scanScopeSpans(ProtoReader scopeSpans) {
        for (int tag = scopeSpans.next(); tag != 0; tag = scopeSpans.next()) {
            if (tag == FIELD_1) {
                scanAttributes(message(scopeSpans, source), FIELD_3);
            } else if (tag == FIELD_2) {
                scanSpan(message(scopeSpans, source));
            } else {
                scopeSpans.skip();
            }
        }
    }

    private void scanSpan(ProtoReader span) {
        long start = 0;
        long end = 0;
        int kind = 0;
        int status = 0;
        int nameAt = 0;
        int nameLength = 0;
        int attributes = 0;
        for (int tag = span.next(); tag != 0; tag = span.next()) {
            if (tag == SPAN_ATTRIBUTE) {
                int length = span.lengthDelimited();
                scanSpanAttribute(attributes++, span.position() - length, length);
            } else if (tag == SPAN_NAME) {
                nameLength = span.lengthDelimited();
                nameAt = span.position() - nameLength;
            } else if (tag == SPAN_KIND) {
                kind = (int) span.varint();
            } else if (tag == SPAN_START) {
                start = span.fixed64();
            } else if (tag == SPAN_END) {
                end = span.fixed64();
            } else if (tag == SPAN_EVENT) {
                scanAttributes(message(span, source), FIELD_3);
            } else if (tag == SPAN_LINK) {
                scanAttributes(message(span, source), LINK_ATTRIBUTE);
            } else if (tag == SPAN_STATUS) {
                var message = message(span, source);
                while (nextOf(message, STATUS_CODE)) {
                    status = (int) message.varint();
                }
            } else {
                span.skip();
            }
        }
        spans++;
        earliestStart = Math.min(earliestStart, start);
        latestStart = Math.max(latestStart, start);
        shortest = Math.min(shortest, end - start);
        longest = Math.max(longest, end - start);
        var code = Status.Code.of(status);
        if (code == Status.Code.ERROR) {
            longestFailed = Math.max(longestFailed, end - start);
        }
        putSpanTerms(nameAt, nameLength, SpanKind.of(kind).number(), code);
    }

    private void putSpanTerms(int nameAt, int nameLength, int kind, Status.Code status) {
        beginTerm('n');
        putCut(source, nameAt, nameLength, Terms.MAX_NAME);
        terms.end();
        int serviceSize = Math.min(serviceLength, Terms.MAX_NAME);
        beginTerm('o');
        terms.text.put(serviceSize >>> 8);
        terms.text.put(serviceSize);
        terms.text.put(serviceBytes, serviceOffset, serviceSize);
        putCut(source, nameAt, nameLength, Terms.MAX_NAME);
        terms.text.put('0' + kind);
        terms.end();
        beginTerm('k');
        terms.text.put('0' + kind);
        terms.end();
        beginTerm('t');
        terms.text.put('0' + status.number());
        terms.end();
    }

    // Spans that follow each other have much in common, and mostly in the same order: to compare
    // bytes takes less than to make a term that is there already.
    private void scanSpanAttribute(int number, int offset, int size) {
        if (number >= COMPARED) {
            scanAttribute(offset, size);
            return;
        }
        int before = offsetsBefore[number];
        if (sizesBefore[number] != size
                || !Arrays.equals(source, before, before + size, source, offset, offset + size)) {
            scanAttribute(offset, size);
        }
        offsetsBefore[number] = offset;
        sizesBefore[number] = size;
    }

    private void scanAttributes(ProtoReader message, int attribute) {
        while (nextOf(message, attribute)) {
            int length = message.lengthDelimited();
            scanAttribute(message.position() - length, length);
        }
    }

    private void scanAttribute(int offset, int size) {
        var pair = new ProtoReader(source, offset, size);
        int keyAt = 0;
        int keyLength = 0;
        int valueAt = 0;
        int valueLength = 0;
        for (int tag = pair.next(); tag != 0; tag = pair.next()) {
            if (tag == FIELD_1) {
                keyLength = pair.lengthDelimited();
                keyAt = pair.position() - keyLength;
            } else if (tag == FIELD_2) {
                valueLength = pair.lengthDelimited();
                valueAt = pair.position() - valueLength;
            } else {
                pair.skip();
            }
        }
        beginTerm('a');
        int begin = terms.text.length;
        putCut(source, keyAt, keyLength, Terms.MAX_ATTRIBUTE);
        terms.text.put(Terms.KEY_END);
        int value = terms.text.length;
        int room = Terms.MAX_ATTRIBUTE - (value - begin);
        terms.text.putAnyValue(source, valueAt, valueLength, room);
        int end = Math.min(terms.text.length, begin + Terms.MAX_ATTRIBUTE);
        terms.text.length = Terms.shortened(terms.text.bytes, value, end);
        terms.end();
    }

    private void beginTerm(char letter) {
        terms.begin();
        terms.text.put(tenantPrefix);
        terms.text.put(letter);
    }

    private void putCut(byte[] bytes, int offset, int length, int limit) {
        terms.text.put(bytes, offset, Math.min(length, limit));
    }
}
