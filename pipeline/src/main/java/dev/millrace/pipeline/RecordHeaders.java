package dev.millrace.pipeline;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Tenant;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/// The headers that records on our topics may carry. Values are UTF-8 text; numbers are decimal.
final class RecordHeaders {

    /// Whose spans these are; absent for the default tenant.
    static final String TENANT = "tenant";

    /// Present on a record without spans that only moves the log's time. The value is empty or
    /// names what holds from here on.
    static final String MARKER = "marker";

    /// How the spans in this record came to its partition, a word of [Keying]; absent when that was
    /// by their trace id.
    static final String KEYING = "keying";

    /// The format of the value, a word of [Encoding]; absent when it is OTLP.
    static final String ENCODING = "encoding";

    /// Which part of its trace this record is, counted from 1; absent when it is the whole trace.
    static final String PART = "part";

    /// How many parts the trace has, on the last of them only.
    static final String PARTS = "parts";

    /// Present on spans that came after their trace had been completed.
    static final String LATE = "late";

    /// Which life of which collector wrote the spans of this record, and the number it gave it:
    /// `0f3a…:17`. No two records of a partition say the same.
    static final String WRITER = "writer";

    /// Where the spans of a completed trace come from; see
    /// [dev.millrace.pipeline.ledger.Provenance].
    static final String PROVENANCE = "provenance";

    /// Why a record is a dead letter.
    static final String REASON = "reason";

    /// The topic a dead letter came from.
    static final String SOURCE_TOPIC = "source-topic";

    /// The partition a dead letter came from.
    static final String SOURCE_PARTITION = "source-partition";

    /// The offset a dead letter came from.
    static final String SOURCE_OFFSET = "source-offset";

    /// Which trace's share of its record a dead letter is, counted from 0; absent when it is the
    /// whole record.
    static final String SOURCE_PART = "source-part";

    /// When the record was appended that a dead letter was, milliseconds since the epoch.
    static final String SOURCE_TIME = "source-time";

    /// Present on a record that says which dead letter has been replayed: its partition, a colon
    /// and its offset.
    static final String REPLAYED = "replayed";

    private RecordHeaders() {}

    /// The headers of a record that says nothing but whose spans it is about.
    static List<Header> of(Tenant tenant) {
        return tenant.equals(Tenant.DEFAULT)
                ? List.of()
                : List.of(new RecordHeader(TENANT, value(tenant.name())));
    }

    /// @throws IllegalArgumentException when the header names no tenant
    static Tenant tenant(Headers headers) {
        String name = text(headers, TENANT);
        return name == null ? Tenant.DEFAULT : new Tenant(name);
    }

    static boolean has(Headers headers, String name) {
        return headers.lastHeader(name) != null;
    }

    /// The text of a header; null when the record does not carry it.
    static @Nullable String text(Headers headers, String name) {
        var header = headers.lastHeader(name);
        if (header == null) {
            return null;
        }
        byte[] value = header.value();
        return value == null ? "" : new String(value, UTF_8);
    }

    static byte[] value(String text) {
        return text.getBytes(UTF_8);
    }

    static byte[] value(long number) {
        return Long.toString(number).getBytes(US_ASCII);
    }
}
