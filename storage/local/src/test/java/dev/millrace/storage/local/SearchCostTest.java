package dev.millrace.storage.local;

import static dev.millrace.storage.contract.Samples.SECOND;
import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.attributes;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.search;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.ByteSize;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How many fragments a search looks at, told by stores that may look at no more.
final class SearchCostTest {

    private static final int TRACES = 3_000;

    /// Every thousandth trace is one of these.
    private static final TraceSearch RARE = search("colour", "mauve").build();

    private static final TraceSearch NOBODYS = search("colour", "puce").build();
    private static final TraceSearch NEWEST =
            TraceSearch.builder().service("shop").limit(10).build();

    @TempDir private static Path directory;

    @BeforeAll
    static void write() {
        var fragments = new ArrayList<Fragment>(TRACES);
        for (int i = 1; i <= TRACES; i++) {
            fragments.add(
                    fragment(
                            i,
                            // In every window of a day and a half.
                            span(trace(i), 1, TIME + i * 40L * SECOND)
                                    .attributes(
                                            attributes("colour", i % 1_000 == 0 ? "mauve" : "red"),
                                            0)));
        }
        try (var store = store(0)) {
            store.write(fragments);
        }
    }

    private static LocalTraceStore store(int maxCandidates) {
        var store =
                new LocalTraceStore(
                        new LocalStoreConfig(
                                directory,
                                Duration.ofHours(6),
                                Duration.ofDays(7),
                                new ByteSize(0)),
                        new SimpleMeterRegistry(),
                        maxCandidates);
        store.start();
        return store;
    }

    private static List<Trace> found(int maxCandidates, TraceSearch search) {
        try (var store = store(maxCandidates)) {
            return store.search(Tenant.DEFAULT, search).traces();
        }
    }

    @Test
    void ofARareTagLooksAtThoseThatHaveItAndNoOthers() {
        assertThat(found(3, RARE))
                .extracting(Trace::traceId)
                .containsExactly(trace(3_000), trace(2_000), trace(1_000));
        assertThatThrownBy(() -> found(2, RARE))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("looked at 2 fragments");
    }

    @Test
    void ofATagThatNobodyHasLooksAtNothing() {
        assertThat(found(0, NOBODYS)).isEmpty();
    }

    @Test
    void ofWhatAllHaveEndsWithTheLimit() {
        // One more tells whether there is another page, and one that it is older.
        assertThat(found(12, NEWEST))
                .hasSize(10)
                .first()
                .extracting(Trace::traceId)
                .isEqualTo(trace(TRACES));
    }
}
