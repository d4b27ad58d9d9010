package dev.millrace.sampling.tail;

import static dev.millrace.sampling.tail.JudgedTrace.MILLISECOND;
import static dev.millrace.sampling.tail.JudgedTrace.OPERATION;
import static dev.millrace.sampling.tail.JudgedTrace.policy;
import static dev.millrace.sampling.tail.JudgedTrace.trace;
import static dev.millrace.sampling.tail.JudgedTrace.verdict;
import static dev.millrace.sampling.tail.JudgedTrace.when;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Tenant;
import dev.millrace.sampling.Threshold;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Each kind of policy by what it keeps and what it does not.
class PolicyKindsTest {

    private static final long MINUTE = 60_000;
    private static final Budget SPANS_A_SECOND = new Budget(100, 0);
    private static final Budget BYTES_A_SECOND = new Budget(0, 10_000);

    /// @param traits what is the case with the trace
    private static boolean keeps(String condition, String... traits) {
        return verdict(when(condition), trace(List.of(traits)::contains)).kept();
    }

    @Test
    void keepsATraceOfWhichAnySpanFailed() {
        assertThat(keeps("{error: any}", "db failed")).isTrue();
        assertThat(keeps("{error: any}")).isFalse();
    }

    @Test
    void keepsATraceWhoseRootFailedAndNoneWhereOnlyAnotherSpanDid() {
        assertThat(keeps("{error: root}", "root failed")).isTrue();
        assertThat(keeps("{error: root}", "db failed")).isFalse();
    }

    @Test
    void keepsATraceThatTookAsLongAsAFixedBound() {
        assertThat(keeps("{slower-than: 100ms}")).isTrue();
        assertThat(keeps("{slower-than: 101ms}")).isFalse();
    }

    @Test
    void keepsATraceSlowerThanAPercentileOfItsRootOperationOverASlidingWindow() {
        // Given: of this operation 1 to 100 ms, of another much longer.
        var window = new DurationWindow(DurationWindow.Settings.DEFAULT);
        var slower = new RootOperation(Tenant.DEFAULT, "shop", "GET /report");
        for (int i = 1; i <= 100; i++) {
            window.add(OPERATION, MINUTE, i * MILLISECOND * 9 / 10, 1);
            window.add(slower, MINUTE, i * MILLISECOND * 100, 1);
        }
        var spans = trace("nothing"::equals);

        // When, then: it took 100 ms.
        assertThat(verdict(slow(window), spans).kept()).isTrue();
        for (int i = 0; i < 100; i++) {
            window.add(OPERATION, 2 * MINUTE, 200 * MILLISECOND, 1);
        }
        assertThat(verdict(slow(window), spans).kept()).isFalse();
        for (int i = 0; i < 100; i++) {
            window.add(OPERATION, 7 * MINUTE, 10 * MILLISECOND, 1);
        }
        assertThat(verdict(slow(window), spans).kept()).isTrue();
    }

    private static Version slow(DurationWindow window) {
        var policy = when("{slower-than: p95}");
        return new Version(
                1,
                policy.policyText(),
                policy.policy(),
                window.bounds(Set.of(95.0)),
                Shares.ALL,
                1);
    }

    @Test
    void keepsATraceThatAServiceTookPartIn() {
        assertThat(keeps("{service: d*}")).isTrue();
        assertThat(keeps("{service: mail}")).isFalse();
    }

    @Test
    void keepsATraceOfARootOperation() {
        assertThat(keeps("{root: {service: shop, operation: GET *}}")).isTrue();
        assertThat(keeps("{root: {operation: query}}")).isFalse();
    }

    @Test
    void keepsATraceWithASpanOfAnOperation() {
        assertThat(keeps("{operation: query}")).isTrue();
        assertThat(keeps("{operation: insert}")).isFalse();
    }

    @Test
    void keepsATraceWithATextAttribute() {
        assertThat(keeps("{attributes: {db.system: [mysql, h*]}}")).isTrue();
        assertThat(keeps("{attributes: {db.system: mysql}}")).isFalse();
    }

    @Test
    void keepsATraceWithANumberInARange() {
        assertThat(keeps("{attributes: {db.rows: {at-least: 500, at-most: 500}}}")).isTrue();
        assertThat(keeps("{attributes: {load: {at-most: 0.49}}}")).isFalse();
        assertThat(keeps("{attributes: {db.system: {at-least: 0}}}")).isFalse();
    }

    @Test
    void keepsATraceWithABoolean() {
        assertThat(keeps("{attributes: {cached: true}}")).isTrue();
        assertThat(keeps("{attributes: {cached: false}}")).isFalse();
        assertThat(keeps("{attributes: {db.rows: true}}")).isFalse();
    }

    @Test
    void findsConditionsInDifferentSpansUnlessTheyStandInOneSpan() {
        assertThat(keeps("{service: shop, attributes: {db.rows: 500}}")).isTrue();
        assertThat(keeps("{span: {service: shop, attributes: {db.rows: 500}}}")).isFalse();
        assertThat(keeps("{span: {service: db, attributes: {db.rows: 500, cached: true}}}"))
                .isTrue();
    }

    @Test
    void keepsATraceWithSoManySpans() {
        assertThat(keeps("{span-count: {at-least: 3}}")).isTrue();
        assertThat(keeps("{span-count: {at-least: 4}}")).isFalse();
        assertThat(keeps("{span-count: {at-most: 2}}")).isFalse();
    }

    @Test
    void keepsATraceWithAMemberOfItsTraceState() {
        assertThat(keeps("{trace-state: {vendor: g*}}", "vendor")).isTrue();
        assertThat(keeps("{trace-state: {vendor: silver}}", "vendor")).isFalse();
        assertThat(keeps("{trace-state: {vendor: g*}}")).isFalse();
    }

    @Test
    void keepsATraceWhoseFlagsSayThatItWasSampled() {
        assertThat(keeps("{sampled: true}", "sampled")).isTrue();
        assertThat(keeps("{sampled: true}")).isFalse();
    }

    @Test
    void keepsAShareOfTheRestByTheRandomnessOfTheTrace() {
        // Given: that of the trace is a half.
        var spans = trace("nothing"::equals);

        // Then
        assertThat(verdict(policy("rules: [{name: rest, keep: 50%}]"), spans).kept()).isTrue();
        assertThat(verdict(policy("rules: [{name: rest, keep: 49%}]"), spans).kept()).isFalse();
    }

    @Test
    void keepsWhatAllAnyOrNoneOfSomeConditionsHoldFor() {
        assertThat(keeps("{all: [{service: db}, {error: any}]}", "db failed")).isTrue();
        assertThat(keeps("{all: [{service: db}, {error: any}]}")).isFalse();
        assertThat(keeps("{any: [{service: mail}, {error: any}]}", "db failed")).isTrue();
        assertThat(keeps("{any: [{service: mail}, {error: any}]}")).isFalse();
        assertThat(keeps("{not: {error: any}}")).isTrue();
        assertThat(keeps("{not: {error: any}}", "db failed")).isFalse();
    }

    @Test
    void keepsNoMoreThanABudgetOfSpansHasRoomFor() {
        assertThat(shareLeft(SPANS_A_SECOND, 20, 100)).isEqualTo(0.5);
        assertThat(shareLeft(SPANS_A_SECOND, 10, 1_000_000)).isEqualTo(1);
    }

    @Test
    void keepsNoMoreThanABudgetOfBytesHasRoomFor() {
        assertThat(shareLeft(BYTES_A_SECOND, 1, 4_000)).isEqualTo(0.25);
        assertThat(shareLeft(BYTES_A_SECOND, 1_000, 1_000)).isEqualTo(1);
    }

    /// What the rest keeps of its share after ten seconds with a hundred traces like these.
    private static double shareLeft(Budget budget, int spans, long bytes) {
        String text = "rules: [{name: rest, keep: 50%}]";
        var window = new DemandWindow(10_000, 1, 10);
        var kept = verdict(policy(text), trace("nothing"::equals));
        for (int i = 0; i < 100; i++) {
            window.add(OPERATION, 1_000, kept, 0, spans, bytes);
        }
        var version =
                new Version(
                        1,
                        text,
                        policy(text).policy(),
                        new SlowBounds(Map.of()),
                        window.shares(budget),
                        1);
        var verdict = verdict(version, trace("nothing"::equals));
        return new Threshold(verdict.threshold()).probability()
                / new Threshold(verdict.ruleThreshold()).probability();
    }
}
