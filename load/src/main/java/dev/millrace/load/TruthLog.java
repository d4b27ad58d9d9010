package dev.millrace.load;

import dev.millrace.model.Slice;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Appends the truth to a file as it comes to be known.
///
/// A request's spans are in the file before its first byte leaves, so that a killed sender's file
/// still names every span that may be somewhere. Every record is in the operating system's hands
/// when the method returns; it survives the death of the process, not of the machine.
///
/// The file is [#MAGIC], the number of its [Fidelity] (1), then records of a four-byte length and
/// that many bytes, of which the first tells the kind. Numbers are big-endian. A record cut short
/// at the end is ignored by readers.
///
/// | Kind | Rest of the record |
/// |---|---|
/// | 1 service | number (2), name (UTF-8) |
/// | 2 sent | request (8), then for each span: trace id (16), span id (8), kind (1), service (2), end (8), size (4), digest (16) |
/// | 3 fate | request (8), 1 acknowledged or 2 rejected; a request without one is unknown |
///
/// Safe for threads.
final class TruthLog implements AutoCloseable {

    static final long MAGIC = 0x4d494c4c54525554L;
    static final int HEADER_BYTES = Long.BYTES + 1;
    static final byte SERVICE = 1;
    static final byte SENT = 2;
    static final byte FATE = 3;
    static final int SPAN_BYTES = 55;

    private final FileChannel file;
    private final Fidelity fidelity;
    private final Map<String, Integer> services = new HashMap<>();
    private long requests;

    private TruthLog(FileChannel file, Fidelity fidelity) {
        this.file = file;
        this.fidelity = fidelity;
    }

    /// Begins a new file, in place of one that may be there.
    static TruthLog create(Path path, Fidelity fidelity) throws IOException {
        var file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
        var log = new TruthLog(file, fidelity);
        try {
            log.write(
                    ByteBuffer.allocate(HEADER_BYTES)
                            .putLong(MAGIC)
                            .put((byte) fidelity.number())
                            .flip());
        } catch (UncheckedIOException e) {
            file.close();
            throw e;
        }
        return log;
    }

    /// Notes the spans of a request about to be sent, and returns the number it goes by.
    ///
    /// @param otlp the spans, as they were before they were put into another format
    long sending(Slice otlp) {
        var identities = new ArrayList<SpanIdentity>();
        var copies = new ArrayList<SpanCopy>();
        for (var span : OtlpDecoder.spans(otlp)) {
            identities.add(fidelity.identity(span));
            copies.add(fidelity.copy(span));
        }
        synchronized (this) {
            long request = requests++;
            write(ByteBuffer.wrap(sent(request, identities, copies)));
            return request;
        }
    }

    /// Notes what became of a request.
    synchronized void settled(long request, Fate fate) {
        byte mark =
                switch (fate) {
                    case UNKNOWN -> 0;
                    case ACKNOWLEDGED -> 1;
                    case REJECTED -> 2;
                };
        if (mark != 0) {
            write(ByteBuffer.allocate(14).putInt(10).put(FATE).putLong(request).put(mark).flip());
        }
    }

    @Override
    public synchronized void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] sent(long request, List<SpanIdentity> identities, List<SpanCopy> copies) {
        var bytes = new ByteArrayOutputStream(64 + SPAN_BYTES * copies.size());
        try (var out = new DataOutputStream(bytes)) {
            for (var service :
                    new HashSet<>(identities.stream().map(it -> it.service()).toList())) {
                if (!services.containsKey(service)) {
                    name(service, out);
                }
            }
            out.writeInt(1 + Long.BYTES + SPAN_BYTES * copies.size());
            out.writeByte(SENT);
            out.writeLong(request);
            for (int i = 0; i < copies.size(); i++) {
                var identity = identities.get(i);
                var copy = copies.get(i);
                out.writeLong(identity.traceId().high());
                out.writeLong(identity.traceId().low());
                out.writeLong(identity.spanId().value());
                out.writeByte(identity.kind().number());
                out.writeShort(services.getOrDefault(identity.service(), 0));
                out.writeLong(copy.endNanos());
                out.writeInt(copy.size());
                out.writeLong(copy.digestHigh());
                out.writeLong(copy.digestLow());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private void name(String service, DataOutputStream out) throws IOException {
        int number = services.size();
        if (number > 0xffff) {
            throw new IllegalStateException(
                    "truth: more than 65536 services (expected: as many at most)");
        }
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        out.writeInt(1 + Short.BYTES + name.length);
        out.writeByte(SERVICE);
        out.writeShort(number);
        out.write(name);
        services.put(service, number);
    }

    private void write(ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
