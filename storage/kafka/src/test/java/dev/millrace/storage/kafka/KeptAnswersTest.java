package dev.millrace.storage.kafka;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.kafka.Instances.Instance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which answers may be given again later, and which may lack a partition.
final class KeptAnswersTest {

    private static final Instances INSTANCES = new Instances(2);
    private static final TraceSearch ANY = TraceSearch.builder().service("shop").build();
    private static final String GONE =
            "partition 1 of traces-complete is with nobody at the moment; it is being handed over,"
                    + " ask again in a moment";

    private static Instance one;
    private static Instance two;

    private final Path directory;
    private final List<String> gaps = new ArrayList<>();
    private final AtomicInteger unfit = new AtomicInteger();

    KeptAnswersTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeAll
    static void start() {
        one = INSTANCES.add(Instances.config());
        two = INSTANCES.add(Instances.config());
    }

    @AfterAll
    static void stop() {
        INSTANCES.close();
    }

    @BeforeEach
    void open() {
        INSTANCES.open(directory);
        INSTANCES.spread();
        INSTANCES.write(
                List.of(fragment(0, span(in(0), 1, TIME)), fragment(1, span(in(1), 1, TIME))));
    }

    @AfterEach
    void close() {
        INSTANCES.closeLogs();
    }

    private static TraceId in(int partition) {
        for (long i = 1; ; i++) {
            if (INSTANCES.of(trace(i)) == partition) {
                return trace(i);
            }
        }
    }

    private static void ask(TraceStore store, String question) {
        Consumer<Object> forget = _ -> {};
        switch (question) {
            case "trace" -> forget.accept(store.trace(Tenant.DEFAULT, in(1)));
            case "version" -> forget.accept(store.version(Tenant.DEFAULT, in(1)));
            case "search" -> forget.accept(store.search(Tenant.DEFAULT, ANY));
            case "services" -> forget.accept(store.services(Tenant.DEFAULT));
            case "operations" -> forget.accept(store.operations(Tenant.DEFAULT, "shop"));
            case "dependencies" ->
                    forget.accept(((DependencyStore) store).dependencies(Tenant.DEFAULT, 0, 1));
            default -> throw new IllegalArgumentException(question);
        }
    }

    // The standby may have been up to date when it was last looked at; that was a while ago.
    @ParameterizedTest
    @CsvSource({
        "trace, 0",
        "trace, 2",
        "version, 0",
        "search, 0",
        "services, 0",
        "operations, -1",
        "dependencies, 0"
    })
    void anAnswerOfAStandbyIsNotToBeKept(String question, long behind) {
        // Given
        var keeping = one.store().forKeeping(unfit::incrementAndGet);
        ask(keeping, question);
        assertThat(unfit).hasValue(0);

        // When
        INSTANCES.owners(1, null, List.of(two.self()));
        two.put(1, INSTANCES.log(1), false, behind);
        ask(keeping, question);

        // Then
        assertThat(unfit).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAnswerThatLacksAPartitionIsNotToBeKept(boolean firstTolerating) {
        // Given
        nobodyHasPartitionOne();
        var store = one.store();

        // When
        var asked =
                firstTolerating
                        ? store.tolerating(gaps::add).forKeeping(unfit::incrementAndGet)
                        : store.forKeeping(unfit::incrementAndGet).tolerating(gaps::add);
        ask(asked, "services");

        // Then
        assertThat(gaps).containsExactly(GONE);
        assertThat(unfit).hasValue(1);
    }

    @Test
    void whereOnlyWholeAnswersAreWantedNoPartitionIsMissingWhoeverAsks() {
        // Given
        nobodyHasPartitionOne();

        // When, Then
        var whole = one.store().ofWholeAnswers().tolerating(gaps::add);
        assertThatThrownBy(() -> whole.services(Tenant.DEFAULT))
                .isInstanceOf(StoreException.class)
                .hasMessage(GONE);
        assertThat(gaps).isEmpty();

        // Then: what a standby may lack is told all the same.
        INSTANCES.owners(1, null, List.of(two.self()));
        two.put(1, INSTANCES.log(1), false, 3);
        assertThat(whole.services(Tenant.DEFAULT)).containsExactly("shop");
        assertThat(gaps)
                .containsExactly(
                        "partition 1 of traces-complete: answered by a standby, 3 records behind");
    }

    private static void nobodyHasPartitionOne() {
        INSTANCES.owners(1, null, List.of());
        two.held.remove(1);
    }
}
