package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DecisionFloorsTest {

    private static final long LATE_MILLIS = 8_000;

    private final DecisionFloors floors = new DecisionFloors(LATE_MILLIS, 100);

    @Test
    void remembersAPlaceForEachEighthOfTheLateWindow() {
        assertThat(floors.wants(50_000)).isTrue();
        floors.add(50_000, 120);

        assertThat(floors.wants(50_999)).isFalse();
        assertThat(floors.wants(51_000)).isTrue();
    }

    @Test
    void keepsThePlaceThatTheLateWindowReachesBackTo() {
        floors.add(50_000, 120);
        floors.add(51_000, 130);
        floors.add(52_000, 140);

        assertThat(floors.forgetBefore(57_999)).isEqualTo(100);
        assertThat(floors.forgetBefore(58_000)).isEqualTo(120);
        assertThat(floors.forgetBefore(59_500)).isEqualTo(130);
        assertThat(floors.oldest()).isEqualTo(130);
    }

    @Test
    void keepsTheLastPlaceHoweverLongAgoItWas() {
        floors.add(50_000, 120);

        assertThat(floors.forgetBefore(Long.MAX_VALUE)).isEqualTo(120);
        assertThat(floors.forgetBefore(Long.MAX_VALUE)).isEqualTo(120);
    }
}
