package dev.millrace.verification;

import dev.millrace.deploy.Chart.Document;
import dev.millrace.yaml.YamlNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// How many processes of a role the chart's ScaledObject wants, by which lag, and how fast their
/// number may change.
///
/// @param group whose lag counts
/// @param topic where it is behind
/// @param share records that one process may be behind
/// @param least how many processes there always are
/// @param most how many there can be
/// @param interval from one look to the next
/// @param up how fast there may be more
/// @param down how fast there may be fewer
record ScalingRule(
        String group,
        String topic,
        long share,
        int least,
        int most,
        Duration interval,
        Pace up,
        Pace down) {

    /// How fast a number may change in one direction.
    ///
    /// @param calm for how long every look must have asked for at least that change
    /// @param unit what `value` counts
    /// @param value by how much at most within the period
    record Pace(Duration calm, Unit unit, int value, Duration period) {

        private Pace faster(int factor) {
            return new Pace(calm.dividedBy(factor), unit, value, period.dividedBy(factor));
        }
    }

    /// What a change is counted in.
    enum Unit {
        /// Processes.
        PODS,
        /// Hundredths of the number at the beginning of the period.
        PERCENT
    }

    private static final Map<String, Unit> UNITS =
            Map.of("Pods", Unit.PODS, "Percent", Unit.PERCENT);

    ScalingRule {
        if (share < 1) {
            throw new IllegalArgumentException("share: " + share + " (expected: at least 1)");
        }
        if (least < 1 || most < least) {
            throw new IllegalArgumentException(
                    "least and most: " + least + ", " + most + " (expected: 1 <= least <= most)");
        }
    }

    /// Reads it from a ScaledObject.
    ///
    /// @throws IllegalArgumentException where it does not say what ours do
    static ScalingRule of(Document document) {
        var spec =
                YamlNode.read(document.template(), document.text(), "a ScaledObject")
                        .mapping()
                        .required("spec");
        var behavior = at(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior");
        var trigger = only(at(spec, "triggers")).mapping();
        var lag = trigger.required("metadata");
        trigger.required("type").word(Map.of("kafka", true));
        return new ScalingRule(
                at(lag, "consumerGroup").text(),
                at(lag, "topic").text(),
                at(lag, "lagThreshold").whole(),
                at(spec, "minReplicaCount").whole(),
                at(spec, "maxReplicaCount").whole(),
                seconds(at(spec, "pollingInterval")),
                pace(at(behavior, "scaleUp")),
                pace(at(behavior, "scaleDown")));
    }

    private static Pace pace(YamlNode direction) {
        var policy = only(at(direction, "policies"));
        return new Pace(
                seconds(at(direction, "stabilizationWindowSeconds")),
                at(policy, "type").word(UNITS),
                at(policy, "value").whole(),
                seconds(at(policy, "periodSeconds")));
    }

    private static Duration seconds(YamlNode node) {
        return Duration.ofSeconds(node.whole());
    }

    private static YamlNode at(YamlNode node, String... keys) {
        var place = node;
        for (String key : keys) {
            place = place.mapping().required(key);
        }
        return place;
    }

    private static YamlNode only(YamlNode list) {
        List<YamlNode> items = list.list();
        if (items.size() != 1) {
            throw list.wrong(items.size() + " entries", "one");
        }
        return items.getFirst();
    }

    /// The same for a clock that is so many times as fast.
    ScalingRule faster(int factor) {
        return new ScalingRule(
                group,
                topic,
                share,
                least,
                most,
                interval.dividedBy(factor),
                up.faster(factor),
                down.faster(factor));
    }
}
