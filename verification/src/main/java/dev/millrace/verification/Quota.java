package dev.millrace.verification;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.jspecify.annotations.Nullable;

/// A broker's own limit on what one client may write or read, as an operator would set it.
///
/// @param bootstrapServers where Kafka is
/// @param clientId whom it is for
record Quota(String bootstrapServers, String clientId, Direction direction) {

    private static final long PATIENCE_SECONDS = 30;

    /// What of a client's is limited.
    enum Direction {
        WRITES("producer_byte_rate"),
        READS("consumer_byte_rate");

        private final String key;

        Direction(String key) {
            this.key = key;
        }
    }

    /// From now on the client's answers are held back so that it keeps to so much.
    void limit(double bytesPerSecond) throws InterruptedException {
        alter(bytesPerSecond);
    }

    /// From now on the client may do as much as it can.
    void lift() throws InterruptedException {
        alter(null);
    }

    private void alter(@Nullable Double bytesPerSecond) throws InterruptedException {
        var entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, clientId));
        var change =
                new ClientQuotaAlteration(
                        entity,
                        List.of(new ClientQuotaAlteration.Op(direction.key, bytesPerSecond)));
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.alterClientQuotas(List.of(change)).all().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("quota of " + clientId + " not altered", e);
        }
    }
}
