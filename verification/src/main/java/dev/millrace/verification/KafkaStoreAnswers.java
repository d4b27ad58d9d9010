package dev.millrace.verification;

import dev.millrace.pipeline.TraceKey;
import dev.millrace.storage.api.Fragment;
import dev.millrace.verification.StoreQuestions.Times;
import dev.millrace.wire.otlp.OtlpDecoder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// How long a process takes to build a million spans from their topic, and how fast one process and
/// three answer what they are asked about them.
///
/// The topic is filled with the complete traces that other stores are measured with.
final class KafkaStoreAnswers {

    private static final String PART = "kafka store";
    private static final String TOPIC = "traces-complete";

    /// So that three processes have as many each.
    private static final int PARTITIONS = 6;

    private static final int PROCESSES = 3;
    private static final long SEED = 1;
    private static final long MOST_SPANS = 1_000_000;
    private static final long BATCH_BYTES = 1 << 20;
    private static final int NEWEST = 20;

    /// What is looked through for the newest traces of a service; one in eight has it.
    private static final int LAST_TRACES = 1_000;

    /// zipkin-storage-kafka's time for a rare tag, and how much better is asked for.
    private static final double RARE_MILLIS = 1_400;

    private static final double TIMES = 10;

    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration METRICS_POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String STORED = "millrace_store_spans_total";
    private static final Map<String, String> SETTINGS =
            Map.of(
                    // The traffic is of a day of its own.
                    "topics.traces-complete.retention", "3650d",
                    "storage.kafka.retention", "3650d");

    private final Path directory;
    private final BenchOptions options;
    private final Figures figures;
    private final long traces;
    private final StoreTraffic traffic;
    private List<String> newest = List.of();

    KafkaStoreAnswers(Path directory, BenchOptions options, Figures figures) {
        this.directory = directory;
        this.options = options;
        this.figures = figures;
        this.traces =
                Math.max(1_000, Math.min(options.spans(), MOST_SPANS) / StoreTraffic.TRACE_SPANS);
        this.traffic = new StoreTraffic(SEED, traces, Duration.ofHours(24).toNanos());
    }

    void run() throws IOException, InterruptedException {
        try (var stage = new KafkaStage(directory, options, PARTITIONS, SETTINGS);
                var http = HttpClient.newHttpClient()) {
            stage.start();
            fill(stage);
            var questions = new StoreQuestions(http, traffic, traces);
            var alone = stage.store("alone", "alone", Map.of());
            build(questions, alone, "a new store", true);
            loseDisk(alone);
            build(questions, alone, "a lost disk", true);
            alone.stop();
            build(questions, alone, "a restart", false);
            tell("one process", questions.ask(alone.query()));
            alone.stop();
            tell(PROCESSES + " processes", askSeveral(stage, http, questions));
            figures.add(PART, "load of the machine", "%.1f", ProcessUsage.machineLoad());
        }
    }

    private void fill(KafkaStage stage) throws IOException, InterruptedException {
        // Makes the topics.
        try (var collector = stage.role("topics", SETTINGS, "collector")) {
            collector.start();
            collector.stop();
        }
        var last = new ArrayDeque<Fragment>();
        Map<String, Object> settings =
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        stage.broker().bootstrapServers(),
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.BATCH_SIZE_CONFIG,
                        256 << 10,
                        ProducerConfig.LINGER_MS_CONFIG,
                        10);
        try (var producer =
                new KafkaProducer<>(
                        settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (var batch = traffic.batch(BATCH_BYTES, traces);
                    !batch.isEmpty();
                    batch = traffic.batch(BATCH_BYTES, traces)) {
                for (var fragment : batch) {
                    // The key alone puts it where the aggregator would.
                    var _ =
                            producer.send(
                                    new ProducerRecord<>(
                                            TOPIC,
                                            TraceKey.of(fragment.traceId()),
                                            fragment.body().toByteArray()));
                    last.addLast(fragment);
                    if (last.size() > LAST_TRACES) {
                        last.removeFirst();
                    }
                }
            }
        }
        newest =
                last.reversed().stream()
                        .filter(KafkaStoreAnswers::isOfTheService)
                        .map(fragment -> fragment.traceId().toString())
                        .limit(NEWEST)
                        .toList();
    }

    private static boolean isOfTheService(Fragment fragment) {
        return OtlpDecoder.spans(fragment.body()).stream()
                .anyMatch(span ->
                        span.resource()
                                .attributes()
                                .find("service.name")
                                .map(Object::toString)
                                .filter(StoreTraffic.service(0)::equals)
                                .isPresent());
    }

    private void loseDisk(MillraceProcess process) throws IOException, InterruptedException {
        process.stop();
        Start.delete(Path.of(process.setting("data-dir")));
    }

    /// Starts a process, and tells how soon it answers.
    ///
    /// @param empty whether it has nothing on its disk
    private void build(
            StoreQuestions questions, MillraceProcess process, String what, boolean empty)
            throws IOException, InterruptedException {
        String part = PART + ", " + what;
        long begin = System.nanoTime();
        try (var watchers = Executors.newVirtualThreadPerTaskExecutor()) {
            var trace =
                    watchers.submit(
                            firstAnswer(
                                    questions,
                                    process,
                                    questions.trace(traces - 1),
                                    answer -> answer.traces().size() == StoreTraffic.TRACE_SPANS));
            var search =
                    watchers.submit(
                            firstAnswer(
                                    questions,
                                    process,
                                    StoreQuestions.newestOf(0),
                                    answer -> answer.traces().equals(newest)));
            var growth = watchers.submit(() -> empty ? Growth.of(process, traces) : null);
            process.start();
            figures.add(part, "s to ready", "%.1f", secondsBetween(begin, System.nanoTime()));
            figures.add(
                    part,
                    "s to the first right answer for a trace by id",
                    "%.1f",
                    secondsBetween(begin, trace.get()));
            figures.add(
                    part,
                    "s to the first right answer of a search",
                    "%.1f",
                    secondsBetween(begin, search.get()));
            var grown = growth.get();
            if (grown != null) {
                tell(part, grown);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(what + "\n" + process.tail(), e);
        }
        var usage = ProcessUsage.of(process.pid());
        figures.add(part, "CPU s from the start on", "%.1f", usage.cpuSeconds());
        figures.add(part, "peak resident memory, MB", "%,.0f", usage.peakResidentBytes() / 1e6);
    }

    private void tell(String part, Growth grown) {
        double spans = (double) traces * StoreTraffic.TRACE_SPANS;
        figures.add(part, "spans/s while building", "%,.0f", spans / grown.seconds());
        figures.add(
                part,
                "CPU s per million spans while building",
                "%.2f",
                grown.cpuSeconds() / spans * 1e6);
        figures.add(
                part,
                "of them built again, not read for the first time, %",
                "%.0f",
                grown.restored() * 100);
    }

    /// The time in which a process built all that it holds.
    ///
    /// @param seconds from the first record read to the last span stored
    /// @param restored the share of records that Kafka Streams handed over as known before
    private record Growth(double seconds, double cpuSeconds, double restored) {

        static Growth of(MillraceProcess process, long traces) throws InterruptedException {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            long first = 0;
            double cpuBefore = 0;
            while (System.nanoTime() < deadline) {
                try {
                    double restored = process.metric("millrace_store_kafka_restored_total");
                    boolean begun =
                            restored + process.metric("millrace_store_kafka_applied_total") > 0;
                    long now = System.nanoTime();
                    double cpu = ProcessUsage.of(process.pid()).cpuSeconds();
                    if (first == 0 && begun) {
                        first = now;
                        cpuBefore = cpu;
                    }
                    if (process.metric(STORED) >= (double) traces * StoreTraffic.TRACE_SPANS) {
                        return new Growth(
                                secondsBetween(first, now),
                                ProcessUsage.of(process.pid()).cpuSeconds() - cpuBefore,
                                restored / traces);
                    }
                } catch (IOException | IllegalStateException _) {
                    // It is not there yet.
                }
                LockSupport.parkNanos(METRICS_POLL.toNanos());
            }
            throw new IllegalStateException("not built within " + PATIENCE);
        }
    }

    private static double secondsBetween(long from, long to) {
        return (to - from) / 1e9;
    }

    private interface Expected {
        boolean of(StoreQuestions.Answer answer);
    }

    private static Callable<Long> firstAnswer(
            StoreQuestions questions, MillraceProcess process, String path, Expected expected) {
        return () -> {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < deadline) {
                try {
                    var answer = questions.ask(process.query(), path);
                    if (answer.status() == 200 && expected.of(answer)) {
                        return System.nanoTime();
                    }
                } catch (IOException _) {
                    // It does not listen yet.
                }
                LockSupport.parkNanos(POLL.toNanos());
            }
            throw new IllegalStateException(path + ": no right answer within " + PATIENCE);
        };
    }

    /// Asks one of several processes that share the partitions.
    private Map<String, Times> askSeveral(
            KafkaStage stage, HttpClient http, StoreQuestions questions)
            throws IOException, InterruptedException {
        var processes = new ArrayList<MillraceProcess>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(stage.store("of-several-" + i, "several", Map.of()));
        }
        try (var starts = Executors.newVirtualThreadPerTaskExecutor()) {
            var started =
                    processes.stream()
                            .map(process ->
                                    starts.submit(() -> {
                                        process.start();
                                        return true;
                                    }))
                            .toList();
            for (var one : started) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("starting several processes failed", e);
        }
        awaitSpread(http, processes);
        var times = questions.ask(processes.getFirst().query());
        for (var process : processes) {
            process.stop();
        }
        return times;
    }

    // Each has its partitions and copies of others', and is not behind.
    private void awaitSpread(HttpClient http, List<MillraceProcess> processes)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            int held = 0;
            boolean even = true;
            for (var process : processes) {
                var lags = lags(http, process);
                held += lags.size();
                even &=
                        lags.size() == 2 * PARTITIONS / PROCESSES
                                && lags.stream().allMatch(lag -> lag == 0);
            }
            if (even && held == 2 * PARTITIONS) {
                return;
            }
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        }
        throw new IllegalStateException("partitions not spread evenly within " + PATIENCE);
    }

    // Of the partitions that a process holds, its own or copies.
    private static List<Double> lags(HttpClient http, MillraceProcess process)
            throws IOException, InterruptedException {
        var page =
                http.send(
                        HttpRequest.newBuilder(
                                        URI.create(
                                                "http://127.0.0.1:"
                                                        + process.setting("metrics.port")
                                                        + "/metrics"))
                                .build(),
                        BodyHandlers.ofString());
        return page.body()
                .lines()
                .filter(line -> line.startsWith("millrace_store_kafka_lag{"))
                .filter(line -> line.contains("store=\"traces\""))
                .map(line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)))
                .toList();
    }

    private void tell(String who, Map<String, Times> times) {
        String part = PART + ", " + who;
        times.forEach((what, taken) -> {
            figures.add(part, what + ": p50, ms", "%.2f", taken.median());
            if (what.equals(StoreQuestions.NOBODY)) {
                figures.atMost(part, what + ": p99, ms", "%.2f", taken.p99(), RARE_MILLIS / TIMES);
            } else {
                figures.add(part, what + ": p99, ms", "%.2f", taken.p99());
            }
        });
    }
}
