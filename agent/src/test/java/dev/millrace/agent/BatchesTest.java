package dev.millrace.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.agent.Lanes.Lane;
import dev.millrace.agent.spool.Packing;
import dev.millrace.model.ByteSize;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// What is gathered, how fast it may go and whose turn it is.
final class BatchesTest {

    private static final Tenant OTHER = new Tenant("other");
    private static final long MILLI = 1_000_000;

    private final List<Shipment> shipped = new ArrayList<>();
    private final Batches batches =
            new Batches(
                    new AgentConfig.Batch(ByteSize.parse("1KiB"), Duration.ofMillis(100)),
                    Packing.IDENTITY,
                    shipped::add);

    private static Part part(Tenant tenant, int bytes) {
        return new Part(tenant, Slice.of(new byte[bytes]), 1, new CompletableFuture<>());
    }

    private List<String> shipped() {
        return shipped.stream()
                .map(shipment ->
                        shipment.parcel().tenant()
                                + " "
                                + shipment.parts().size()
                                + " "
                                + shipment.parcel().size())
                .toList();
    }

    @Test
    void tenantsAreGatheredApart() {
        // Given
        batches.add(part(Tenant.DEFAULT, 10), 0);
        batches.add(part(OTHER, 20), 0);
        batches.add(part(Tenant.DEFAULT, 30), 50 * MILLI);

        // When
        long wait = batches.step(99 * MILLI);
        assertThat(shipped).isEmpty();
        batches.step(100 * MILLI);

        // Then
        assertThat(wait).isEqualTo(MILLI);
        assertThat(shipped()).containsExactly("default 2 40", "other 1 20");
    }

    @Test
    void aBatchLeavesWhenItIsLargeEnough() {
        // When
        batches.add(part(Tenant.DEFAULT, 600), 0);
        batches.add(part(Tenant.DEFAULT, 600), 0);
        batches.add(part(Tenant.DEFAULT, 2_000), 0);

        // Then
        assertThat(shipped()).containsExactly("default 1 600", "default 1 600", "default 1 2000");
    }

    @Test
    void theRestLeavesAtTheEnd() {
        // Given
        batches.add(part(Tenant.DEFAULT, 10), 0);

        // When
        batches.flush();

        // Then
        assertThat(shipped()).containsExactly("default 1 10");
    }

    @Test
    void bytesAreHeldToTheirRate() {
        // Given
        var pacer = new Pacer(1_000, 0);
        pacer.sent(3_000);

        // Then
        assertThat(pacer.delay(0)).isBetween(2_000 * MILLI, 2_001 * MILLI);
        assertThat(pacer.delay(1_000 * MILLI)).isBetween(1_000 * MILLI, 1_001 * MILLI);
        assertThat(pacer.delay(2_001 * MILLI)).isZero();
        assertThat(new Pacer(0, 0).delay(1)).isZero();
    }

    @Test
    void nothingIsSavedUpForMoreThanASecond() {
        // Given
        var pacer = new Pacer(1_000, 0);
        assertThat(pacer.delay(60_000 * MILLI)).isZero();

        // When
        pacer.sent(1_001);

        // Then
        assertThat(pacer.delay(60_000 * MILLI)).isPositive();
    }

    @Test
    void ofFourBytesThreeAreFresh() {
        // Given
        var lanes = new Lanes(1_000);
        var sent = new EnumMap<Lane, Long>(Lane.class);

        // When
        for (int i = 0; i < 400; i++) {
            var lane = lanes.turn(true, true, 300);
            long bytes = lane == Lane.FRESH ? 100 : 300;
            lanes.sent(lane, bytes, true);
            sent.merge(lane, bytes, Long::sum);
        }

        // Then
        double fresh = sent.getOrDefault(Lane.FRESH, 0L);
        double share = fresh / (fresh + sent.getOrDefault(Lane.SPOOLED, 0L));
        assertThat(share).isBetween(0.74, 0.76);
    }

    @Test
    void whoeverIsAloneGoes() {
        var lanes = new Lanes(1_000);

        assertThat(lanes.turn(false, true, 300)).isEqualTo(Lane.SPOOLED);
        assertThat(lanes.turn(true, false, 0)).isEqualTo(Lane.FRESH);
    }

    @Test
    void addressesAreHostAndPort() {
        assertThat(Address.parse("collector:4317")).isEqualTo(new Address("collector", 4317));
        assertThat(Address.parse("[::1]:4317")).isEqualTo(new Address("::1", 4317));
        for (String wrong :
                List.of("collector", "http://collector:4317", ":4317", "::1:4317", "a:0")) {
            assertThat(refusal(wrong))
                    .isEqualTo(
                            "collectors: \""
                                    + wrong
                                    + "\" (expected: host:port, such as collector:4317)");
        }
    }

    private static String refusal(String address) {
        try {
            return Address.parse(address).toString();
        } catch (IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
