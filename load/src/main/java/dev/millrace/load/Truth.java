package dev.millrace.load;

import dev.millrace.model.Span;
import dev.millrace.model.SpanId;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Function;

/// What a run has sent and what became of it, to be held against what a store returns.
///
/// An acknowledged span must be stored once, with the body that the duplicate rule prefers among
/// its acknowledged copies, or with one that beats it and may have arrived. Spans of requests
/// without a final answer may be stored or not; rejected ones must not be.
///
/// What was sent in another format than OTLP is compared by what that format carries, as [Fidelity]
/// says.
///
/// Does not change once it is read, so any thread may ask it.
public final class Truth {

    private record Sent(SpanIdentity identity, SpanCopy copy) {}

    /// The copies of one span by what became of them.
    private static final class Copies {
        private final List<SpanCopy> acknowledged = new ArrayList<>(1);
        private final List<SpanCopy> unknown = new ArrayList<>(0);

        boolean allows(SpanCopy stored) {
            return (acknowledged.contains(stored) || unknown.contains(stored))
                    && acknowledged.stream().noneMatch(it -> it.beats(stored));
        }
    }

    private final Map<TraceId, Map<SpanIdentity, Copies>> traces = new LinkedHashMap<>();

    private final Fidelity fidelity;

    private Truth(Fidelity fidelity) {
        this.fidelity = fidelity;
    }

    /// Reads the file of a run, which may still be going on or have been killed: what has no answer
    /// in the file is unknown.
    ///
    /// @throws IOException when the file cannot be read or is not a truth file
    public static Truth read(Path path) throws IOException {
        var services = new HashMap<Integer, String>();
        var pending = new LinkedHashMap<Long, List<Sent>>();
        Truth truth;
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
            if (in.readLong() != TruthLog.MAGIC) {
                throw new IOException(path + ": not a truth file (expected: one written by a run)");
            }
            truth = new Truth(fidelity(in.readUnsignedByte(), path));
            while (true) {
                byte[] bytes = in.readNBytes(Integer.BYTES);
                if (bytes.length < Integer.BYTES) {
                    break;
                }
                int length = ByteBuffer.wrap(bytes).getInt();
                if (length < 1) {
                    throw new IOException(
                            path + ": a record of " + length + " bytes (expected: at least 1)");
                }
                byte[] record = in.readNBytes(length);
                if (record.length < length) {
                    break;
                }
                truth.take(ByteBuffer.wrap(record), services, pending, path);
            }
        } catch (EOFException e) {
            throw new IOException(
                    path
                            + ": not a truth file (expected: at least "
                            + TruthLog.HEADER_BYTES
                            + " bytes)",
                    e);
        }
        pending.values().forEach(sent -> truth.settle(sent, Fate.UNKNOWN));
        return truth;
    }

    private static Fidelity fidelity(int number, Path path) throws IOException {
        for (var fidelity : Fidelity.values()) {
            if (fidelity.number() == number) {
                return fidelity;
            }
        }
        throw new IOException(path + ": fidelity " + number + " (expected: 0 or 1)");
    }

    /// Every trace with a span that was sent, in the order their fates became known.
    public Set<TraceId> traceIds() {
        return Collections.unmodifiableSet(traces.keySet());
    }

    /// How many different spans have been acknowledged.
    public long acknowledgedSpans() {
        return traces.values().stream()
                .flatMap(spans -> spans.values().stream())
                .filter(copies -> !copies.acknowledged.isEmpty())
                .count();
    }

    /// Holds every trace sent against what a store has.
    public Comparison compare(Function<TraceId, Optional<Trace>> stored) {
        return compare(traces.keySet(), stored);
    }

    /// Holds every trace sent against what a store has that is asked for several at a time.
    ///
    /// @param lanes how many at a time
    /// @param stored is called by that many threads
    /// @throws RuntimeException what `stored` throws
    public Comparison compare(int lanes, Function<TraceId, Optional<Trace>> stored) {
        var shares = new ArrayList<List<TraceId>>();
        for (int i = 0; i < lanes; i++) {
            shares.add(new ArrayList<>());
        }
        int next = 0;
        for (var traceId : traces.keySet()) {
            shares.get(next++ % lanes).add(traceId);
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            return shares.stream()
                    .map(share ->
                            CompletableFuture.supplyAsync(() -> compare(share, stored), threads))
                    .toList()
                    .stream()
                    .map(CompletableFuture::join)
                    .reduce(Comparison::and)
                    .orElseThrow();
        }
    }

    /// Holds some traces against what a store has; spans of traces never sent are unexpected.
    public Comparison compare(
            Iterable<TraceId> traceIds, Function<TraceId, Optional<Trace>> stored) {
        var lost = new ArrayList<SpanIdentity>();
        var duplicated = new ArrayList<SpanIdentity>();
        var altered = new ArrayList<SpanIdentity>();
        var unexpected = new ArrayList<SpanIdentity>();
        long matched = 0;
        for (var traceId : traceIds) {
            var sent = traces.getOrDefault(traceId, Map.of());
            var seen = new HashSet<SpanIdentity>();
            for (var span : stored.apply(traceId).map(Trace::spans).orElse(List.<Span>of())) {
                var identity = fidelity.identity(span);
                var copies = sent.get(identity);
                if (!seen.add(identity)) {
                    duplicated.add(identity);
                } else if (copies == null) {
                    unexpected.add(identity);
                } else if (copies.allows(fidelity.copy(span))) {
                    matched++;
                } else {
                    altered.add(identity);
                }
            }
            sent.forEach((identity, copies) -> {
                if (!copies.acknowledged.isEmpty() && !seen.contains(identity)) {
                    lost.add(identity);
                }
            });
        }
        return new Comparison(matched, lost, duplicated, altered, unexpected);
    }

    private void take(
            ByteBuffer record,
            Map<Integer, String> services,
            Map<Long, List<Sent>> pending,
            Path path)
            throws IOException {
        byte kind = record.get();
        switch (kind) {
            case TruthLog.SERVICE -> {
                int number = Short.toUnsignedInt(record.getShort());
                services.put(number, StandardCharsets.UTF_8.decode(record).toString());
            }
            case TruthLog.SENT -> {
                long request = record.getLong();
                var sent = new ArrayList<Sent>(record.remaining() / TruthLog.SPAN_BYTES);
                while (record.remaining() >= TruthLog.SPAN_BYTES) {
                    sent.add(span(record, services));
                }
                pending.put(request, sent);
            }
            case TruthLog.FATE -> {
                var sent = pending.remove(record.getLong());
                if (sent != null) {
                    settle(sent, record.get() == 1 ? Fate.ACKNOWLEDGED : Fate.REJECTED);
                }
            }
            default ->
                    throw new IOException(
                            path + ": a record of kind " + kind + " (expected: 1 to 3)");
        }
    }

    private static Sent span(ByteBuffer record, Map<Integer, String> services) {
        var traceId = new TraceId(record.getLong(), record.getLong());
        var spanId = new SpanId(record.getLong());
        var kind = SpanKind.of(record.get());
        String service = services.getOrDefault(Short.toUnsignedInt(record.getShort()), "");
        var copy =
                new SpanCopy(record.getLong(), record.getInt(), record.getLong(), record.getLong());
        return new Sent(new SpanIdentity(traceId, spanId, kind, service), copy);
    }

    private void settle(List<Sent> request, Fate fate) {
        for (var sent : request) {
            var spans =
                    traces.computeIfAbsent(sent.identity().traceId(), _ -> new LinkedHashMap<>());
            switch (fate) {
                case ACKNOWLEDGED -> copies(spans, sent).acknowledged.add(sent.copy());
                case UNKNOWN -> copies(spans, sent).unknown.add(sent.copy());
                case REJECTED -> {}
            }
        }
    }

    private static Copies copies(Map<SpanIdentity, Copies> spans, Sent sent) {
        return spans.computeIfAbsent(sent.identity(), _ -> new Copies());
    }
}
