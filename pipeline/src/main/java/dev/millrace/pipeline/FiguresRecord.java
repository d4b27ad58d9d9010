package dev.millrace.pipeline;

import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Tenant;
import org.apache.kafka.clients.producer.ProducerRecord;

/// Makes records of `dependencies`.
public final class FiguresRecord {

    private FiguresRecord() {}

    /// The figures of one tenant that one commit of a partition of `spans` adds.
    public static ProducerRecord<byte[], byte[]> of(DependencyDelta delta, TopicsConfig topics) {
        var origin = delta.origin();
        String key = origin.partition() + ":" + origin.commit();
        if (!delta.tenant().equals(Tenant.DEFAULT)) {
            key += ":" + delta.tenant();
        }
        return new ProducerRecord<>(
                topics.fullName(topics.dependencies()),
                origin.partition() % topics.dependencies().partitions(),
                RecordHeaders.value(key),
                delta.encode().toByteArray(),
                RecordHeaders.of(delta.tenant()));
    }
}
