package dev.millrace.storage.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A store as the contracts see it.
public interface StoreUnderTest {

    /// The store, open, and empty at the beginning of each test; the same one until
    /// [#reopenedStore()].
    TraceStore store();

    /// Closes the store and opens it again on what it has kept.
    TraceStore reopenedStore();

    /// The same store as [#store()] seen as the keeper of figures; after [#reopenedStore()] the one
    /// that was opened again. To be overridden where the store has [Capability#DEPENDENCIES].
    default DependencyStore dependencies() {
        throw new AssertionError(
                "dependencies(): not overridden (expected: the store, which can DEPENDENCIES)");
    }

    /// Brings fragments to where the store has them from; whatever [#store()] is asked afterwards,
    /// it has them. To be overridden where that is elsewhere, without [Capability#WRITING].
    default void write(List<Fragment> fragments) {
        store().write(fragments);
    }

    /// The same for figures. Where they are counted from a log, what is written of a minute is
    /// added to what was written before.
    default void writeFigures(List<DependencyMinute> minutes) {
        dependencies().writeDependencies(minutes);
    }

    /// What the store can do besides what all must.
    Set<Capability> capabilities();

    /// The length of the store's time windows, aligned to the epoch.
    Duration window();

    /// Asks a question that needs some capabilities: the answer is checked, or the refusal.
    default <T> void answersOrRefuses(
            Set<Capability> needed, Supplier<T> question, Consumer<T> check) {
        if (capabilities().containsAll(needed)) {
            check.accept(question.get());
        } else {
            assertThatThrownBy(question::get)
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            refusal ->
                                    assertThat(refusal.kind())
                                            .isEqualTo(StoreException.Kind.NOT_SUPPORTED));
        }
    }

    /// Searches as the default tenant, and asserts which traces are found, in that order.
    default void finds(Set<Capability> needed, TraceSearch.Builder search, TraceId... expected) {
        answersOrRefuses(
                needed,
                () -> store().search(Tenant.DEFAULT, search.build()),
                page -> assertThat(ids(page.traces())).containsExactly(expected));
    }

    /// The ids of traces, in their order.
    static List<TraceId> ids(List<Trace> traces) {
        return traces.stream().map(Trace::traceId).toList();
    }
}
