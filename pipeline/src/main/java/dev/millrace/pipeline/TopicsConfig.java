package dev.millrace.pipeline;

import dev.millrace.pipeline.ledger.Cell;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// The topics of Millrace: names, partition counts and retention.
///
/// Partition counts cannot change after creation, for a trace must stay where it is.
///
/// @param prefix goes before every name; may be empty
/// @param spans accepted spans, by trace
/// @param tracesComplete completed traces that were kept
/// @param samplingDecisions what was decided about every completed trace
/// @param samplingControl the versions of what verdicts depend on besides their traces; one
///   partition, so that they are in one order
/// @param ledger what became of every span
/// @param dependencies what services do and whom they call, figures of all completed traces
/// @param deadLetters records that could not be understood, with the reason
/// @param dialect how `spans` differs from a topic that only we write
/// @param zipkin topics of others that we write as well
/// @param sites whose spans are mirrored into this cluster, each into a topic of its own that is
///   read besides `spans`
public record TopicsConfig(
        String prefix,
        Topic spans,
        Topic tracesComplete,
        Topic samplingDecisions,
        Topic samplingControl,
        Topic ledger,
        Topic dependencies,
        Topic deadLetters,
        SpansDialect dialect,
        ZipkinTopics zipkin,
        List<String> sites) {

    /// One topic.
    ///
    /// @param name without the prefix
    /// @param retention how long records are kept at least
    public record Topic(String name, int partitions, Duration retention) {

        public Topic {
            checkName("topic name", name);
            if (name.isEmpty()) {
                throw new IllegalArgumentException("topic name: \"\" (expected: not empty)");
            }
            if (partitions < 1) {
                throw new IllegalArgumentException(
                        name + ": partitions: " + partitions + " (expected: >= 1)");
            }
            if (retention.toMillis() < 1) {
                throw new IllegalArgumentException(
                        name + ": retention: " + retention + " (expected: > 0)");
            }
        }
    }

    public TopicsConfig {
        sites = List.copyOf(sites);
        checkName("topic prefix", prefix);
        var names =
                List.of(
                        spans.name(),
                        tracesComplete.name(),
                        samplingDecisions.name(),
                        samplingControl.name(),
                        ledger.name(),
                        dependencies.name(),
                        deadLetters.name());
        if (samplingControl.partitions() != 1) {
            throw new IllegalArgumentException(
                    samplingControl.name()
                            + ": partitions: "
                            + samplingControl.partitions()
                            + " (expected: 1)");
        }
        if (names.stream().distinct().count() < names.size()) {
            throw new IllegalArgumentException("topic names: " + names + " (expected: distinct)");
        }
        for (var topic : zipkin.all()) {
            if (names.stream().map(prefix::concat).anyMatch(topic.name()::equals)) {
                throw new IllegalArgumentException(
                        "zipkin topic: " + topic.name() + " (expected: none of " + names + ")");
            }
        }
        for (String site : sites) {
            String mirrored = siteTopic(site, spans);
            if (!site.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
                throw new IllegalArgumentException(
                        "site: \""
                                + site
                                + "\" (expected: at most 100 letters, digits, '.', '_' or '-',"
                                + " none of the last three first)");
            }
            if (names.stream().map(prefix::concat).anyMatch(mirrored::equals)
                    || zipkin.all().stream().map(Topic::name).anyMatch(mirrored::equals)) {
                throw new IllegalArgumentException(
                        "site: "
                                + site
                                + ", whose topic is "
                                + mirrored
                                + " (expected: none of this cluster's own topics)");
            }
        }
        if (sites.stream().distinct().count() < sites.size()) {
            throw new IllegalArgumentException("sites: " + sites + " (expected: distinct)");
        }
    }

    /// Topics that are ours alone.
    public TopicsConfig(
            String prefix,
            Topic spans,
            Topic tracesComplete,
            Topic samplingDecisions,
            Topic samplingControl,
            Topic ledger,
            Topic dependencies,
            Topic deadLetters) {
        this(
                prefix,
                spans,
                tracesComplete,
                samplingDecisions,
                samplingControl,
                ledger,
                dependencies,
                deadLetters,
                SpansDialect.OURS,
                ZipkinTopics.NONE,
                List.of());
    }

    /// For a cluster: up to 100 aggregators.
    public static TopicsConfig defaults() {
        return sized(100, 20, 10, 10, 10);
    }

    /// For the embedded broker, where every partition costs memory and start-up time.
    public static TopicsConfig embedded() {
        return sized(8, 4, 4, 1, 1);
    }

    private static TopicsConfig sized(
            int spans, int tracesComplete, int samplingDecisions, int dependencies, int dead) {
        var day = Duration.ofDays(1);
        var week = Duration.ofDays(7);
        return new TopicsConfig(
                "",
                new Topic("spans", spans, week),
                new Topic("traces-complete", tracesComplete, day),
                new Topic("sampling-decisions", samplingDecisions, day),
                new Topic("sampling-control", 1, week),
                new Topic("ledger", samplingDecisions, week),
                new Topic("dependencies", dependencies, week),
                new Topic("dead-letters", dead, week));
    }

    public TopicsConfig withPrefix(String newPrefix) {
        return new TopicsConfig(
                newPrefix,
                spans,
                tracesComplete,
                samplingDecisions,
                samplingControl,
                ledger,
                dependencies,
                deadLetters,
                dialect,
                zipkin,
                sites);
    }

    /// The same where others write or read topics too.
    public TopicsConfig with(SpansDialect newDialect, ZipkinTopics newZipkin) {
        return new TopicsConfig(
                prefix,
                spans,
                tracesComplete,
                samplingDecisions,
                samplingControl,
                ledger,
                dependencies,
                deadLetters,
                newDialect,
                newZipkin,
                sites);
    }

    /// The same where the spans of these sites come in as well.
    public TopicsConfig withSites(List<String> newSites) {
        return new TopicsConfig(
                prefix,
                spans,
                tracesComplete,
                samplingDecisions,
                samplingControl,
                ledger,
                dependencies,
                deadLetters,
                dialect,
                zipkin,
                newSites);
    }

    /// The name that Kafka knows a topic by; not for those of sites and of others, whose names are
    /// whole.
    public String fullName(Topic topic) {
        return prefix + topic.name();
    }

    /// The mirrored topics of the sites, under their whole names: what `spans` is at a site, whose
    /// own prefix its name with a dot is.
    public List<Topic> siteTopics() {
        return sites.stream()
                .map(site ->
                        new Topic(siteTopic(site, spans), spans.partitions(), spans.retention()))
                .toList();
    }

    private static String siteTopic(String site, Topic spans) {
        return site + "." + spans.name();
    }

    /// Whether a topic is the mirrored one of a site, where time is the site's and nobody here may
    /// move it.
    public boolean isMirrored(String topic) {
        return sites.stream().anyMatch(site -> siteTopic(site, spans).equals(topic));
    }

    /// What the ledger names a topic of spans by.
    String ledgerSource(String topic) {
        return isMirrored(topic) ? topic : Cell.OURS;
    }

    /// The full names of all topics with accepted spans: our own, then those of the sites.
    public List<String> sources() {
        return Stream.concat(Stream.of(fullName(spans)), siteTopics().stream().map(Topic::name))
                .toList();
    }

    private static void checkName(String what, String name) {
        // Kafka allows 249 characters; prefix and name are held to half of it each.
        if (!name.matches("[A-Za-z0-9._-]{0,124}")) {
            throw new IllegalArgumentException(
                    what
                            + ": \""
                            + name
                            + "\" (expected: at most 124 letters, digits, '.', '_' or '-')");
        }
    }
}
