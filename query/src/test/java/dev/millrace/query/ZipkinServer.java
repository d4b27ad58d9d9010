package dev.millrace.query;

import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.wire.zipkin.ZipkinDecoder;
import dev.millrace.wire.zipkin.ZipkinFormat;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import zipkin2.Span;
import zipkin2.codec.SpanBytesEncoder;

/// A store with Zipkin's API before it, which keeps spans as receivers make them of Zipkin's JSON.
final class ZipkinServer implements AutoCloseable {

    private final TraceStore store;
    private final RunningQuery query;
    private final AtomicLong offsets = new AtomicLong();

    ZipkinServer(TraceStore store, ZipkinConfig config) {
        this.store = store;
        this.query = new RunningQuery(config, store);
    }

    /// An empty embedded store in a folder of its own, which is deleted when the tests end.
    static TraceStore local() {
        var folder = Folders.ROOT.resolve(Integer.toString(Folders.NEXT.getAndIncrement()));
        var local = new LocalTraceStore(LocalStoreConfig.in(folder), new SimpleMeterRegistry());
        local.start();
        return local;
    }

    void keep(List<Span> spans) {
        var byTrace = spans.stream().collect(Collectors.groupingBy(Span::traceId));
        var fragments = new ArrayList<Fragment>();
        byTrace.forEach((id, trace) -> {
            var json = Slice.of(SpanBytesEncoder.JSON_V2.encodeList(trace));
            // Zipkin's tests take place today.
            long received = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
            fragments.add(fragment(TraceId.parse(id), json, received));
        });
        store.write(fragments);
    }

    /// @param json a list of spans of one trace
    Fragment fragment(TraceId id, Slice json) {
        return fragment(id, json, SampleTraces.NOW_NANOS);
    }

    private Fragment fragment(TraceId id, Slice json, long receivedNanos) {
        var body = new ZipkinDecoder(1 << 20).traces(ZipkinFormat.JSON_V2, json, receivedNanos);
        return new Fragment(nextId(), Tenant.DEFAULT, id, body);
    }

    void write(List<Fragment> fragments) {
        store.write(fragments);
    }

    FragmentId nextId() {
        return new FragmentId("traces-complete", 0, offsets.getAndIncrement());
    }

    HttpResponse<String> get(String path) {
        return query.get(path);
    }

    @Override
    public void close() {
        query.close();
        store.close();
    }

    private static final class Folders {

        static final Path ROOT = create();
        static final AtomicInteger NEXT = new AtomicInteger();

        private static Path create() {
            try {
                var root = Files.createTempDirectory("millrace-zipkin-");
                Runtime.getRuntime().addShutdownHook(new Thread(Folders::delete));
                return root;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void delete() {
            try (var files = Files.walk(ROOT)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
