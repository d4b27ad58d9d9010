package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.Operation;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.util.BytesRef;

/// The fields of a document and how each term in them is spelled.
///
/// A term of [#CONDITIONS] is the tenant's name (none for the default one), a byte 1, a letter for
/// what it is about, and the rest:
///
/// | letter | rest | found by |
/// |---|---|---|
/// | `a` | key, byte 0, text of the value or, when it is long, 4 bytes made of it | attributes of any level |
/// | `k` | kind as a digit | kind |
/// | `n` | span name | operation |
/// | `o` | length of the service (2 bytes), service, span name, kind as a digit | operation of a service, and the list of them |
/// | `s` | service | service, and the list of them |
/// | `t` | status as a digit | status |
///
/// A term is only ever a hint: where texts are cut, long values are told by a hash and times are
/// rounded, there can be more candidates but never fewer. Names that are listed are cut so late
/// that only a list of absurd names shows it.
final class Terms {

    static final String CONDITIONS = "a";
    static final String TRACE = "t";
    static final String FRAGMENT = "f";

    /// The earliest start of the fragment's spans; also the order of the index, latest first.
    static final String START = "start";

    /// As [#latestStart(long)] has it.
    static final String LATEST_START = "start.max";

    /// As [#duration(long)] has it, and so the next.
    static final String SHORTEST = "duration.min";

    static final String LONGEST = "duration.max";

    /// The longest among spans that failed; only where there is one.
    static final String LONGEST_FAILED = "duration.failed.max";

    /// What every fragment has one of.
    static final List<String> TIMES = List.of(START, LATEST_START, SHORTEST, LONGEST);

    static final String BODY = "b";

    /// Where `key`, byte 0 and value of an attribute are cut.
    static final int MAX_ATTRIBUTE = 256;

    /// A longer value of an attribute, as far as it is not cut, is told by its hash.
    static final int LONGEST_VALUE = 8;

    // Now and then two values share one, which costs a look at one more fragment.
    private static final int HASH_BYTES = 4;

    /// Where the names of services and operations are cut.
    static final int MAX_NAME = 8 * 1024;

    static final byte TENANT_END = 1;
    static final byte KEY_END = 0;

    private Terms() {}

    static byte[] tenantPrefix(Tenant tenant) {
        byte[] name = tenant.equals(Tenant.DEFAULT) ? new byte[0] : tenant.name().getBytes(UTF_8);
        byte[] prefix = Arrays.copyOf(name, name.length + 1);
        prefix[name.length] = TENANT_END;
        return prefix;
    }

    /// The lower half of the id, which chance has made, after the tenant's prefix unless it is the
    /// default one. Whoever finds something by it must look whether the id is the right one.
    static BytesRef trace(Tenant tenant, TraceId traceId) {
        byte[] prefix = tenant.equals(Tenant.DEFAULT) ? new byte[0] : tenantPrefix(tenant);
        var term = ByteBuffer.allocate(prefix.length + Long.BYTES).put(prefix);
        return new BytesRef(term.putLong(traceId.low()).array());
    }

    /// Unique, because no topic's name has a zero byte and a partition's number begins with one.
    static BytesRef fragment(FragmentId id) {
        byte[] topic = id.topic().getBytes(UTF_8);
        var term = ByteBuffer.allocate(topic.length + (id.part() == 0 ? 12 : 16)).put(topic);
        term.putInt(id.partition()).putLong(id.offset());
        if (id.part() > 0) {
            term.putInt(id.part());
        }
        return new BytesRef(term.array());
    }

    static BytesRef attribute(Tenant tenant, String key, String value) {
        byte[] keyBytes = key.getBytes(UTF_8);
        byte[] valueBytes = value.getBytes(UTF_8);
        byte[] rest = Arrays.copyOf(keyBytes, keyBytes.length + 1 + valueBytes.length);
        rest[keyBytes.length] = KEY_END;
        System.arraycopy(valueBytes, 0, rest, keyBytes.length + 1, valueBytes.length);
        int size = Math.min(rest.length, MAX_ATTRIBUTE);
        return term(tenant, 'a', rest, shortened(rest, keyBytes.length + 1, size));
    }

    /// Puts a hash in place of a value when it is long, and returns where it ends then.
    ///
    /// @param value where it begins
    /// @param end where it ends; may lie before its beginning when the key is cut
    static int shortened(byte[] bytes, int value, int end) {
        if (end - value <= LONGEST_VALUE) {
            return end;
        }
        long hash = TermSet.hash(bytes, value, end - value);
        for (int i = 0; i < HASH_BYTES; i++) {
            bytes[value + i] = (byte) (hash >>> (56 - 8 * i));
        }
        return value + HASH_BYTES;
    }

    /// In milliseconds, rounded down: later ones are never less.
    static long latestStart(long nanos) {
        return Math.floorDiv(nanos, 1_000_000L);
    }

    /// To a thousandth, in few bits: longer ones are never less.
    static long duration(long nanos) {
        return nanos < 0 ? -1 : Float.floatToIntBits((float) nanos) >>> 13;
    }

    static BytesRef service(Tenant tenant, String service) {
        return name(tenant, 's', service);
    }

    static BytesRef name(Tenant tenant, String name) {
        return name(tenant, 'n', name);
    }

    static BytesRef kind(Tenant tenant, SpanKind kind) {
        return name(tenant, 'k', Integer.toString(kind.number()));
    }

    static BytesRef status(Tenant tenant, Status.Code status) {
        return name(tenant, 't', Integer.toString(status.number()));
    }

    static BytesRef operation(Tenant tenant, String service, String name, SpanKind kind) {
        BytesRef prefix = operationsOf(tenant, service);
        byte[] nameBytes = name.getBytes(UTF_8);
        int size = Math.min(nameBytes.length, MAX_NAME);
        var term = ByteBuffer.allocate(prefix.length + size + 1);
        term.put(prefix.bytes, prefix.offset, prefix.length).put(nameBytes, 0, size);
        return new BytesRef(term.put((byte) ('0' + kind.number())).array());
    }

    /// What the terms of all services of a tenant begin with.
    static BytesRef servicesOf(Tenant tenant) {
        return term(tenant, 's', new byte[0], 0);
    }

    /// What the terms of all operations of a service begin with.
    static BytesRef operationsOf(Tenant tenant, String service) {
        byte[] name = service.getBytes(UTF_8);
        int size = Math.min(name.length, MAX_NAME);
        var rest = ByteBuffer.allocate(2 + size).putShort((short) size).put(name, 0, size);
        return term(tenant, 'o', rest.array(), 2 + size);
    }

    /// Reads what follows a prefix of [#operationsOf].
    static Operation operation(BytesRef term, int prefixLength) {
        int last = term.offset + term.length - 1;
        int size = term.length - prefixLength - 1;
        return new Operation(
                new String(term.bytes, term.offset + prefixLength, size, UTF_8),
                SpanKind.of(term.bytes[last] - '0'));
    }

    private static BytesRef name(Tenant tenant, char letter, String name) {
        byte[] bytes = name.getBytes(UTF_8);
        return term(tenant, letter, bytes, Math.min(bytes.length, MAX_NAME));
    }

    private static BytesRef term(Tenant tenant, char letter, byte[] rest, int size) {
        byte[] prefix = tenantPrefix(tenant);
        var term = ByteBuffer.allocate(prefix.length + 1 + size).put(prefix).put((byte) letter);
        return new BytesRef(term.put(rest, 0, size).array());
    }
}
