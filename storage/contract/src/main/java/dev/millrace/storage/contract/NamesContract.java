package dev.millrace.storage.contract;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.resource;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Resource;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.Operation;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The names people choose from before they search.
public interface NamesContract extends StoreUnderTest {

    @Test
    default void listsEachServiceOnceInOrder() {
        // Given
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).resource(resource("web")),
                                span(trace(1), 2, TIME)),
                        fragment(1, span(trace(2), 1, TIME + window().toNanos())),
                        fragment(2, span(trace(3), 1, TIME).resource(Resource.EMPTY))));

        // When
        var services = store().services(Tenant.DEFAULT);

        // Then
        assertThat(services).containsExactly("shop", Resource.UNKNOWN_SERVICE, "web");
        assertThat(reopenedStore().services(Tenant.DEFAULT)).isEqualTo(services);
    }

    @Test
    default void listsNothingWhileThereIsNothing() {
        // When, Then
        assertThat(store().services(Tenant.DEFAULT)).isEmpty();
        assertThat(store().operations(Tenant.DEFAULT, "shop")).isEmpty();
    }

    @Test
    default void listsTheOperationsOfAServiceByNameAndKind() {
        // Given
        write(
                List.of(
                        fragment(
                                0,
                                span(trace(1), 1, TIME).name("pay"),
                                span(trace(1), 2, TIME).name("pay").kind(SpanKind.CLIENT),
                                span(trace(1), 3, TIME)
                                        .name("withdraw")
                                        .resource(resource("shop2"))),
                        fragment(1, span(trace(2), 1, TIME + window().toNanos())),
                        fragment(2, span(trace(3), 1, TIME))));

        // When
        var operations = store().operations(Tenant.DEFAULT, "shop");

        // Then
        assertThat(operations)
                .containsExactly(
                        new Operation("GET /cart", SpanKind.SERVER),
                        new Operation("pay", SpanKind.SERVER),
                        new Operation("pay", SpanKind.CLIENT));
        assertThat(store().operations(Tenant.DEFAULT, "shop2"))
                .containsExactly(new Operation("withdraw", SpanKind.SERVER));
        assertThat(store().operations(Tenant.DEFAULT, "sho")).isEmpty();
    }

    @Test
    default void listsTheNamesOfOneTenantOnly() {
        // Given
        var other = new Tenant("other");
        write(List.of(fragment(0, span(trace(1), 1, TIME))));

        // When, Then
        answersOrRefuses(
                Set.of(Capability.TENANTS),
                () -> {
                    write(
                            List.of(
                                    fragment(
                                            other,
                                            1,
                                            span(trace(1), 1, TIME).resource(resource("bank")))));
                    return store().services(other);
                },
                services -> {
                    assertThat(services).containsExactly("bank");
                    assertThat(store().services(Tenant.DEFAULT)).containsExactly("shop");
                    assertThat(store().operations(other, "shop")).isEmpty();
                    assertThat(store().operations(other, "bank")).hasSize(1);
                });
    }
}
