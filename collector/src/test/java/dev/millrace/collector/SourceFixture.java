package dev.millrace.collector;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Span;
import dev.millrace.pipeline.DeadLetterWriter.Letter;
import dev.millrace.pipeline.SinkException;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;

/// What a source hands over to: an intake with a sink that remembers, and dead letters kept.
final class SourceFixture {

    final FakeSpanSink sink = new FakeSpanSink();
    final SimpleMeterRegistry meters;
    final SpanIntake intake;
    private final List<Letter> letters = new ArrayList<>();

    SourceFixture() {
        this(Clock.SYSTEM);
    }

    /// @param clock by which sources wait
    SourceFixture(Clock clock) {
        meters = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
        var admission = new Admission(64 << 20);
        intake =
                new SpanIntake(
                        CollectorConfig.DEFAULT,
                        Sampling.NONE,
                        sink,
                        InstantSource.fixed(Requests.NOW),
                        admission,
                        new CollectorMetrics(meters, admission));
    }

    DeadLetterBox deadLetters() {
        return added -> {
            synchronized (letters) {
                letters.addAll(added);
            }
        };
    }

    List<Letter> letters() {
        synchronized (letters) {
            return List.copyOf(letters);
        }
    }

    void refuse(int times) {
        for (int i = 0; i < times; i++) {
            sink.refuseNext(SinkException.Kind.OVER_CAPACITY, Duration.ofMillis(50));
        }
    }

    Set<String> names() {
        return sink.spans().stream().map(Span::name).collect(Collectors.toCollection(TreeSet::new));
    }

    static Set<String> numbered(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj("span-%03d"::formatted)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    double messages(Transport transport, String outcome) {
        return meters.get("millrace.collector.requests")
                .tags("transport", transport.word(), "outcome", outcome)
                .counter()
                .count();
    }

    static void eventually(ThrowingRunnable assertion) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(assertion);
    }

    /// A Zipkin v2 span in JSON.
    static byte[] zipkin(String name) {
        return """
        {"traceId":"5b8efff798038103d269b633813fc60c","id":"eee19b7ec3c1b174","name":"%s",
         "timestamp":%d,"duration":1000,"localEndpoint":{"serviceName":"shop"}}\
        """
                .formatted(name, Requests.NOW.toEpochMilli() * 1000)
                .getBytes(UTF_8);
    }

    static byte[] zipkinList(String name) {
        return ("[" + new String(zipkin(name), UTF_8) + "]").getBytes(UTF_8);
    }
}
