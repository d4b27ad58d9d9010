package dev.millrace.pipeline;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.millrace.pipeline.TopicsConfig.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the topics, or checks that those there are as they must be.
///
/// No topic may be used before [#ensure(Duration)] has returned: records sent to a topic that was
/// made a moment ago can be lost (KAFKA-15591), so it waits until every partition answers.
public final class Topics {

    private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
    private static final long RETRY_MILLIS = 50;

    private final Admin admin;
    private final KafkaConfig kafka;
    private final TopicsConfig config;
    private final Set<Topic> unneeded;

    /// @param admin stays the caller's to close
    public Topics(Admin admin, KafkaConfig kafka, TopicsConfig config) {
        this(admin, kafka, config, Set.of());
    }

    /// @param admin stays the caller's to close
    /// @param unneeded those that nobody here uses: they are neither made nor looked at
    public Topics(Admin admin, KafkaConfig kafka, TopicsConfig config, Set<Topic> unneeded) {
        this.admin = admin;
        this.kafka = kafka;
        this.config = config;
        this.unneeded = Set.copyOf(unneeded);
    }

    /// Returns once all topics are there, as configured, and answering.
    ///
    /// @throws TopicsException naming every difference at once, or when `timeout` is over
    public void ensure(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        Throwable last = null;
        while (deadline - System.nanoTime() > 0) {
            try {
                if (attempt(deadline)) {
                    return;
                }
                LockSupport.parkNanos(MILLISECONDS.toNanos(RETRY_MILLIS));
            } catch (ExecutionException e) {
                last = e.getCause();
                if (!(last instanceof RetriableException)) {
                    throw new TopicsException("topics: Kafka refuses: " + last, last);
                }
                LockSupport.parkNanos(MILLISECONDS.toNanos(RETRY_MILLIS));
            } catch (TimeoutException e) {
                last = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TopicsException("topics: interrupted", e);
            }
        }
        throw new TopicsException(
                "topics: Kafka at "
                        + kafka.bootstrapServers()
                        + " did not answer for all of them within "
                        + timeout
                        + (last == null ? "" : ", last: " + last),
                last);
    }

    // False when topics were made just now and have to be looked at again.
    private boolean attempt(long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        int brokers = brokers(deadline);
        int replicas = Math.min(brokers, kafka.replicationFactor());
        var weaknesses = new ArrayList<String>();
        if (replicas < kafka.replicationFactor()) {
            weaknesses.add(
                    "replication-factor: "
                            + kafka.replicationFactor()
                            + " with brokers: "
                            + brokers
                            + " (expected: at least as many brokers)");
            refuseIfStrict(weaknesses);
        }
        Map<Topic, TopicDescription> there = describe(required(), config::fullName, deadline);
        List<Topic> missing =
                required().stream().filter(topic -> !there.containsKey(topic)).toList();
        var wantedZipkins = needed(config.zipkin().all());
        Map<Topic, TopicDescription> zipkins = describe(wantedZipkins, Topic::name, deadline);
        List<Topic> missingZipkins =
                wantedZipkins.stream().filter(topic -> !zipkins.containsKey(topic)).toList();
        var wantedMirrored = needed(config.siteTopics());
        Map<Topic, TopicDescription> mirrored = describe(wantedMirrored, Topic::name, deadline);
        List<Topic> missingMirrored =
                wantedMirrored.stream().filter(topic -> !mirrored.containsKey(topic)).toList();
        if (!missing.isEmpty() || !missingZipkins.isEmpty() || !missingMirrored.isEmpty()) {
            create(
                    missing,
                    config::fullName,
                    topic -> settings(topic, replicas),
                    replicas,
                    deadline);
            create(missingZipkins, Topic::name, Topics::zipkinSettings, replicas, deadline);
            create(
                    missingMirrored,
                    Topic::name,
                    topic -> mirroredSettings(topic, replicas),
                    replicas,
                    deadline);
            return false;
        }
        weaknesses.addAll(check(there, topic -> settings(topic, replicas), replicas, deadline));
        weaknesses.addAll(
                check(mirrored, topic -> neededOfMirrored(topic, replicas), replicas, deadline));
        refuseIfStrict(weaknesses);
        // Those of others are as they are: who reads them made them, and for their own reasons.
        there.putAll(zipkins);
        there.putAll(mirrored);
        awaitAnswers(there, deadline);
        if (!weaknesses.isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("weaknesses", weaknesses)
                    .log("Acknowledged spans are less safe than asked for");
        }
        return true;
    }

    private void refuseIfStrict(List<String> weaknesses) {
        if (!weaknesses.isEmpty() && kafka.durability() == KafkaConfig.Durability.STRICT) {
            throw new TopicsException(
                    "durability: strict, but " + String.join("; ", weaknesses), null);
        }
    }

    private List<Topic> required() {
        return needed(
                List.of(
                        config.spans(),
                        config.tracesComplete(),
                        config.samplingDecisions(),
                        config.samplingControl(),
                        config.ledger(),
                        config.dependencies(),
                        config.deadLetters()));
    }

    private List<Topic> needed(List<Topic> topics) {
        return topics.stream().filter(topic -> !unneeded.contains(topic)).toList();
    }

    private int brokers(long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        return Math.max(1, await(admin.describeCluster().nodes(), deadline).size());
    }

    private Map<Topic, TopicDescription> describe(
            List<Topic> topics, Function<Topic, String> names, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        var byName = new LinkedHashMap<String, Topic>();
        topics.forEach(topic -> byName.put(names.apply(topic), topic));
        var descriptions = admin.describeTopics(byName.keySet()).topicNameValues();
        var there = new LinkedHashMap<Topic, TopicDescription>();
        for (var description : descriptions.entrySet()) {
            try {
                TopicDescription found = await(description.getValue(), deadline);
                Topic topic = byName.get(description.getKey());
                if (topic != null) {
                    there.put(topic, found);
                }
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
        return there;
    }

    private void create(
            List<Topic> topics,
            Function<Topic, String> names,
            Function<Topic, Map<String, String>> settings,
            int replicas,
            long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        var wanted =
                topics.stream()
                        .map(topic ->
                                new NewTopic(
                                                names.apply(topic),
                                                topic.partitions(),
                                                (short) replicas)
                                        .configs(settings.apply(topic)))
                        .toList();
        for (var created : admin.createTopics(wanted).values().values()) {
            try {
                await(created, deadline);
            } catch (ExecutionException e) {
                // Another process was faster; the next attempt checks what it made.
                if (!(e.getCause() instanceof TopicExistsException)) {
                    throw e;
                }
            }
        }
    }

    /// What a topic of ours is made with, and must have when somebody else has made it.
    ///
    /// @param replicas how many copies of its records there are
    public static Map<String, String> settings(Topic topic, int replicas) {
        var settings = new LinkedHashMap<String, String>();
        settings.put("cleanup.policy", "delete");
        settings.put("retention.ms", Long.toString(topic.retention().toMillis()));
        settings.put("message.timestamp.type", "LogAppendTime");
        settings.put("max.message.bytes", Integer.toString(KafkaClients.MAX_REQUEST_BYTES));
        settings.put("min.insync.replicas", Integer.toString(Math.max(1, replicas - 1)));
        settings.put("unclean.leader.election.enable", "false");
        return settings;
    }

    /// What the mirrored topic of a site is made with: as `spans`, but with the append times of the
    /// site.
    ///
    /// @param replicas how many copies of its records there are
    public static Map<String, String> mirroredSettings(Topic topic, int replicas) {
        var settings = new LinkedHashMap<>(settings(topic, replicas));
        settings.put("message.timestamp.type", "CreateTime");
        return settings;
    }

    /// What of that it must have when somebody else has made it; how long it keeps records is for
    /// those who run the mirror to say.
    private static Map<String, String> neededOfMirrored(Topic topic, int replicas) {
        var settings = mirroredSettings(topic, replicas);
        settings.remove("retention.ms");
        settings.remove("unclean.leader.election.enable");
        return settings;
    }

    /// Of topics of others, whose records are stamped by those who write them.
    private static Map<String, String> zipkinSettings(Topic topic) {
        return Map.of(
                "cleanup.policy",
                "delete",
                "retention.ms",
                Long.toString(topic.retention().toMillis()),
                "message.timestamp.type",
                "CreateTime",
                "max.message.bytes",
                Integer.toString(KafkaClients.MAX_REQUEST_BYTES));
    }

    private List<String> check(
            Map<Topic, TopicDescription> there,
            Function<Topic, Map<String, String>> needed,
            int replicas,
            long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        Map<ConfigResource, Config> actual =
                await(
                        admin.describeConfigs(
                                        there.values().stream().map(Topics::resource).toList())
                                .all(),
                        deadline);
        var errors = new ArrayList<String>();
        var weaknesses = new ArrayList<String>();
        there.forEach((topic, description) -> {
            Config found = actual.getOrDefault(resource(description), new Config(List.of()));
            var differences = TopicDifferences.find(topic, description, found, needed.apply(topic));
            errors.addAll(differences.errors());
            weaknesses.addAll(differences.weaknesses());
            int copies = TopicDifferences.replicas(description);
            if (copies < replicas) {
                weaknesses.add(
                        TopicDifferences.difference(
                                description.name(), "replicas", copies, "at least " + replicas));
            }
        });
        if (!errors.isEmpty()) {
            errors.addAll(weaknesses);
            throw new TopicsException("topics: " + String.join("; ", errors), null);
        }
        return weaknesses;
    }

    private static ConfigResource resource(TopicDescription topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
    }

    private void awaitAnswers(Map<Topic, TopicDescription> there, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        var latest = new HashMap<TopicPartition, OffsetSpec>();
        there.values()
                .forEach(description ->
                        description
                                .partitions()
                                .forEach(partition ->
                                        latest.put(
                                                new TopicPartition(
                                                        description.name(), partition.partition()),
                                                OffsetSpec.latest())));
        await(admin.listOffsets(latest).all(), deadline);
    }

    private static <T> T await(Future<T> future, long deadline)
            throws ExecutionException, InterruptedException, TimeoutException {
        return future.get(Math.max(1, deadline - System.nanoTime()), NANOSECONDS);
    }
}
