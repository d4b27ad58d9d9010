package dev.millrace.storage.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Slice;
import dev.millrace.model.TraceId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DictionariesTest {

    private static final long DAY = Duration.ofDays(1).toSeconds();

    private final Path directory;
    private final SplittableRandom random = new SplittableRandom(1);
    private Dictionaries dictionaries;

    DictionariesTest(@TempDir Path directory) {
        this.directory = directory;
        this.dictionaries = new Dictionaries(directory.resolve("dictionaries"));
    }

    @BeforeEach
    void start() throws IOException {
        dictionaries.start();
    }

    @AfterEach
    void close() {
        dictionaries.close();
    }

    @Test
    void trainsOnceADayOfWindows() throws IOException {
        // When
        train(10 * DAY);
        train(10 * DAY + 3600);
        train(9 * DAY);

        // Then
        assertThat(dictionaries.current().map(Dictionary::id)).contains(1);

        // When
        train(11 * DAY);

        // Then
        assertThat(dictionaries.current().map(Dictionary::id)).contains(2);
    }

    @Test
    void makesBodiesSmallerAndGivesThemBackAfterAReopening() throws IOException {
        // Given
        train(0);
        var body = sample();
        var traceId = new TraceId(1, 2);
        try (var encoder = new BodyEncoder()) {
            encoder.encode(traceId, body, Optional.empty());
            int plain = encoder.length;

            // When
            encoder.encode(traceId, body, dictionaries.current());

            // Then
            assertThat(encoder.length).isLessThan(plain / 2);
            var value = new BytesRef(encoder.value.clone(), 0, encoder.length);
            reopen();
            try (var decoder = new BodyDecoder(dictionaries)) {
                assertThat(decoder.decode(value)).isEqualTo(body);
                assertThat(BodyDecoder.traceId(value)).isEqualTo(traceId);
            }
        }
    }

    @Test
    void keepsADictionaryAsLongAsAWindowNeedsIt() throws IOException {
        // Given
        train(0);
        train(DAY);

        // When, Then
        dictionaries.retain(Set.of(1));
        dictionaries.retain(Set.of());
        assertThat(dictionaries.find(1)).isPresent();
        dictionaries.retain(Set.of());
        assertThat(dictionaries.find(1)).isEmpty();
        assertThat(dictionaries.find(2)).isPresent();
        try (var files = Files.list(directory.resolve("dictionaries"))) {
            assertThat(files).hasSize(1);
        }

        // And ids are not used again
        reopen();
        train(2 * DAY);
        assertThat(dictionaries.current().map(Dictionary::id)).contains(3);
    }

    @Test
    void mendsADamagedDictionaryByItsCopy() throws IOException {
        // Given
        train(0);
        Path file;
        try (var files = Files.list(directory.resolve("dictionaries"))) {
            file = files.findFirst().orElseThrow();
        }
        byte[] content = Files.readAllBytes(file);
        byte[] damaged = content.clone();
        damaged[damaged.length / 2]++;
        Files.write(file, damaged);

        // When
        reopen();

        // Then
        assertThat(dictionaries.find(1)).isPresent();
        assertThat(file).hasBinaryContent(content);

        // And without both, bodies go on with another
        try (var files = Files.walk(directory)) {
            for (var each : files.filter(Files::isRegularFile).toList()) {
                Files.write(each, damaged);
            }
        }
        reopen();
        assertThat(dictionaries.find(1)).isEmpty();
        train(0);
        assertThat(dictionaries.current().map(Dictionary::id)).contains(2);
    }

    @Test
    void isNamedByTheWindowsThatNeedIt() throws IOException {
        // Given
        train(0);
        long begin = Duration.ofNanos(Workload.BEGIN_NANOS).toSeconds();
        try (var windows =
                        new Windows(
                                directory.resolve("windows"), Duration.ofHours(1), dictionaries);
                var document = new FragmentDocument()) {
            windows.start();
            var window = windows.forWriting(begin - begin % 3600);

            // When
            window.write(List.of(new Workload(1, 1, 1).next()), document);

            // Then
            assertThat(window.dictionariesUsed()).containsExactly(1);
            assertThat(window.closeWriter()).isTrue();
            assertThat(window.dictionariesUsed()).containsExactly(1);
        }
    }

    private void reopen() throws IOException {
        dictionaries.close();
        dictionaries = new Dictionaries(directory.resolve("dictionaries"));
        dictionaries.start();
    }

    private void train(long windowStart) throws IOException {
        for (int i = 0; i < Dictionaries.SAMPLES; i++) {
            dictionaries.offer(windowStart, sample());
        }
    }

    private Slice sample() {
        String text =
                "service.name=checkout http.request.method=POST http.route=/api/v1/orders/{id} "
                        + "http.response.status_code=20"
                        + random.nextInt(5)
                        + " client.address=10.0.0."
                        + random.nextInt(250)
                        + " user.id="
                        + random.nextInt(1_000_000)
                        + " db.system.name=postgresql db.query.summary=SELECT orders";
        return Slice.of(text.getBytes(UTF_8));
    }
}
