package dev.millrace.verification;

import com.microsoft.playwright.Page;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.FragmentId;
import dev.millrace.storage.local.LocalStoreConfig;
import dev.millrace.storage.local.LocalTraceStore;
import dev.millrace.verification.MillraceProcess.Program;
import dev.millrace.wire.otlp.OtlpEncoder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;

/// How long the page takes to show traces of any size, how smoothly it scrolls and zooms in one of
/// 50,000 spans, how large it is itself, and what its questions cost the server in memory.
///
/// In the Chromium of this machine, without a graphics card; the query role is a process of its own
/// on an embedded store.
final class UiBench {

    private static final int SMOOTH = 50_000;
    private static final int FRAGMENT_SPANS = 10_000;
    private static final int ROUNDS = 5;
    private static final int FRAMES = 240;
    private static final double MOST_BUNDLE_KB = 300;
    private static final double MOST_FRAME_MS = 1_000.0 / 60 * 1.5;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    /// Resolves when a row of the trace is in the document and was painted: milliseconds since the
    /// page was asked for.
    private static final String FIRST_PAINT =
            """
            () => new Promise(resolve => {
              const look = () => {
                if (document.querySelector('[role=treeitem]')) {
                  requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
                } else requestAnimationFrame(look)
              }
              look()
            })
            """;

    /// Resolves when all of the trace is there.
    private static final String ALL_THERE =
            """
            spans => new Promise(resolve => {
              const text = spans.toLocaleString('en')
              const look = () => {
                const facts = [...document.querySelectorAll('.fact dd')]
                if (facts.some(fact => fact.textContent === text)) resolve(performance.now())
                else setTimeout(look, 10)
              }
              look()
            })
            """;

    /// Does something before each of some frames; resolves to how long each took, and how long the
    /// page's own work in it was.
    private static final String FRAME_TIMES =
            """
            ([what, frames]) => new Promise(resolve => {
              const rows = document.querySelector('.rows')
              const times = []
              const work = []
              let last = 0
              let down = true
              const channel = new MessageChannel()
              let began = 0
              // Comes right after the frame's own work.
              channel.port1.onmessage = () => work.push(performance.now() - began)
              const act = {
                scroll: () => {
                  if (rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 1) down = false
                  rows.scrollTop += (down ? 1 : -1) * rows.scrollHeight / frames * 1.7
                },
                zoom: i => {
                  const { left, width, top } = rows.getBoundingClientRect()
                  rows.dispatchEvent(new WheelEvent('wheel', {
                    ctrlKey: true, bubbles: true, cancelable: true,
                    deltaY: i % 80 < 40 ? -40 : 40, clientX: left + width * 0.7, clientY: top + 50,
                  }))
                },
              }[what]
              const step = now => {
                began = performance.now()
                if (last > 0) times.push(now - last)
                last = now
                if (times.length >= frames) {
                  resolve({ times, work })
                  return
                }
                act(times.length)
                requestAnimationFrame(step)
                channel.port2.postMessage(0)
              }
              requestAnimationFrame(step)
            })
            """;

    private final Path directory;
    private final Figures figures;
    private final List<Integer> sizes;

    UiBench(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.figures = figures;
        this.sizes = List.copyOf(new TreeSet<>(List.of(100, 10_000, SMOOTH, options.traceSpans())));
    }

    void run() throws IOException, InterruptedException {
        bundle();
        fill();
        try (var query =
                new MillraceProcess(
                        "query",
                        directory,
                        Program.assembled(""),
                        List.of("query"),
                        Map.of("log.level", "warn", "storage.type", "local"))) {
            query.start();
            figures.add("ui: server", "live heap before, MB", "%.0f", query.liveHeap() / 1e6);
            try (var browser = new Browser(query.query())) {
                browser.page().setDefaultTimeout((double) PATIENCE.toMillis());
                for (int spans : sizes) {
                    open(query, browser.page(), spans);
                    if (spans == SMOOTH) {
                        smoothness(browser.page(), "scroll");
                        smoothness(browser.page(), "zoom");
                    }
                }
                // There is no Kafka, in which decisions would be.
                browser.problems().removeIf(problem -> problem.contains("503"));
                if (!browser.problems().isEmpty()) {
                    throw new IllegalStateException("in the page: " + browser.problems());
                }
            }
        }
    }

    private void bundle() throws IOException {
        double all = 0;
        try (var files = Files.walk(Path.of("ui/target/classes/dev/millrace/ui"))) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                // Lens is not ours, and fetched by those who open it.
                if (file.toString().matches(".*\\.(js|css|html|svg)")
                        && !file.toString().contains("lens")) {
                    all += compressed(file);
                }
            }
        }
        figures.atMost("ui: bundle", "all pages, kB in gzip", "%.0f", all / 1e3, MOST_BUNDLE_KB);
    }

    private static int compressed(Path file) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(bytes)) {
            Files.copy(file, gzip);
        }
        return bytes.size();
    }

    private void fill() {
        try (var store =
                new LocalTraceStore(
                        LocalStoreConfig.in(directory.resolve("data").resolve("store")),
                        new SimpleMeterRegistry())) {
            store.start();
            for (int spans : sizes) {
                var giant = new GiantTrace(trace(spans), spans);
                for (int from = 1; from <= spans; from += FRAGMENT_SPANS) {
                    int to = Math.min(spans + 1, from + FRAGMENT_SPANS);
                    var body = OtlpEncoder.encode(giant.piece(from, to, InstantSource.system()));
                    var id = new FragmentId("traces-complete-" + spans, 0, from);
                    store.write(List.of(new Fragment(id, Tenant.DEFAULT, giant.traceId(), body)));
                }
            }
        }
    }

    private static TraceId trace(int spans) {
        return new TraceId(0x4d11_1ace_0000_0002L, spans);
    }

    private void open(MillraceProcess query, Page page, int spans) throws IOException {
        boolean large = spans > SMOOTH;
        int rounds = large ? 3 : ROUNDS;
        var painted = new double[rounds];
        var whole = new double[rounds];
        double heap = 0;
        // Once before it counts, for what is compiled and cached.
        for (int round = large ? 0 : -1; round < rounds; round++) {
            try (var watch = new HeapWatch(query, large && round == rounds - 1)) {
                page.navigate("/trace/" + trace(spans));
                double first = number(page.evaluate(FIRST_PAINT));
                double all = number(page.evaluate(ALL_THERE, spans));
                if (round >= 0) {
                    painted[round] = first;
                    whole[round] = all;
                }
                heap = watch.most();
            }
        }
        String part = "ui: trace of %,d spans".formatted(spans);
        figures.add(part, "first byte of the server, ms", "%,.0f", firstByte(query, spans));
        figures.add(part, "first paint, ms, median of " + rounds, "%,.0f", median(painted));
        figures.add(part, "all of it, ms, median of " + rounds, "%,.0f", median(whole));
        if (large) {
            figures.add("ui: server", "live heap at most while serving it, MB", "%.0f", heap / 1e6);
        }
    }

    /// Without a browser.
    private static double firstByte(MillraceProcess query, int spans) throws IOException {
        var uri = query.query().resolve("/v1/traces/" + trace(spans));
        long begin = System.nanoTime();
        var connection = uri.toURL().openConnection();
        connection.setRequestProperty("Accept", "application/x-protobuf");
        try (var body = connection.getInputStream()) {
            if (body.read() < 0) {
                throw new IOException(uri + ": no answer");
            }
            return (System.nanoTime() - begin) / 1e6;
        }
    }

    private void smoothness(Page page, String what) {
        page.evaluate(FRAME_TIMES, List.of(what, 60));
        var found = (Map<?, ?>) page.evaluate(FRAME_TIMES, List.of(what, FRAMES));
        var times = sorted(found, "times");
        var work = sorted(found, "work");
        String part = "ui: %s in %,d spans".formatted(what, SMOOTH);
        figures.add(part, "frame, p50, ms", "%.1f", times[times.length / 2]);
        figures.atMost(
                part, "frame, p95, ms", "%.1f", times[times.length * 95 / 100], MOST_FRAME_MS);
        figures.add(part, "work in a frame, p50, ms", "%.1f", work[work.length / 2]);
        figures.add(part, "work in a frame, p99, ms", "%.1f", work[work.length * 99 / 100]);
    }

    private static double[] sorted(Map<?, ?> found, String what) {
        if (found.get(what) instanceof List<?> list && !list.isEmpty()) {
            return list.stream().mapToDouble(UiBench::number).sorted().toArray();
        }
        throw new IllegalStateException(what + ": none (expected: one for each frame)");
    }

    private static double number(Object value) {
        return ((Number) value).doubleValue();
    }

    private static double median(double[] values) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /// Looks at the live heap of a process now and then, which stops it for a while each time.
    private static final class HeapWatch implements AutoCloseable {

        private final AtomicBoolean over = new AtomicBoolean();
        private final ExecutorService thread = Executors.newSingleThreadExecutor();
        private final Future<Double> most;

        HeapWatch(MillraceProcess process, boolean looks) {
            most =
                    thread.submit(() -> {
                        double found = 0;
                        while (looks && !over.get()) {
                            found = Math.max(found, process.liveHeap());
                            LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
                        }
                        return found;
                    });
        }

        double most() throws IOException {
            over.set(true);
            try {
                return most.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            } catch (ExecutionException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() {
            over.set(true);
            thread.shutdown();
        }
    }
}
