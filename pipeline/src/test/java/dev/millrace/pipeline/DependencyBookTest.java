package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.analysis.Series;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.DependencyMinute;
import java.util.List;
import org.junit.jupiter.api.Test;

class DependencyBookTest {

    private static final Series LINK = new Dependency("shop", "cart", Connection.PLAIN);
    private static final int PARTITION = 3;

    private final DependencyBook book = new DependencyBook();

    @Test
    void addsARecordOnlyToTheMinutesThatLackIt() {
        // Given: of two minutes the store has one as it was after the record at 10.
        var first = key(100);
        var second = key(101);
        book.open(first, kept(100, 11, 5), 0);
        book.open(second, null, 0);

        // When: the log is read again from 10 on.
        book.add(PARTITION, 10, delta(entry(100, 5), entry(101, 7)), 0);
        book.add(PARTITION, 12, delta(entry(100, 1)), 0);

        // Then
        assertThat(book.unwritten())
                .extracting(
                        minute -> minute.minute() + ": " + calls(minute), DependencyMinute::upTo)
                .containsExactlyInAnyOrder(tuple("100: 6.0", 13L), tuple("101: 7.0", 11L));
    }

    @Test
    void givesAwayWhatHasNotBeenWrittenAsItIsThen() {
        // Given
        book.open(key(100), null, 0);
        book.add(PARTITION, 0, delta(entry(100, 1)), 0);
        var before = book.unwritten();

        // When
        book.add(PARTITION, 1, delta(entry(100, 1)), 0);
        book.written(before);

        // Then: what was added meanwhile is still to be written.
        assertThat(calls(before.getFirst())).isEqualTo(1);
        assertThat(book.unwritten())
                .singleElement()
                .satisfies(minute -> {
                    assertThat(calls(minute)).isEqualTo(2);
                });
    }

    @Test
    void letsGoOfWhatIsWrittenAndNotTouchedForLongest() {
        // Given
        for (long minute = 1; minute <= 4; minute++) {
            book.open(key(minute), null, minute);
            book.add(PARTITION, minute, delta(entry(minute, 1)), minute);
        }
        book.add(PARTITION, 5, delta(entry(1, 1)), 5);
        book.written(book.unwritten());

        // When, then
        assertThat(book.leaving(4, 100, 10)).containsExactly(key(2), key(3));
        assertThat(book.leaving(0, 3, 10)).containsExactly(key(2));
        assertThat(book.leaving(9, 100, 1)).containsExactly(key(2));

        // When
        book.leave(key(2), kept(2, 3, 1));

        // Then
        assertThat(book.holds(key(2))).isFalse();
        assertThat(book.series()).isEqualTo(3);
    }

    @Test
    void writesAgainWhatAnOwnerThatWasAwayWroteOver() {
        // Given
        book.open(key(100), kept(100, 11, 5), 0);
        book.add(PARTITION, 20, delta(entry(100, 1)), 0);
        book.written(book.unwritten());

        // When: the store has an older one.
        book.leave(key(100), kept(100, 11, 5));

        // Then
        assertThat(book.unwritten()).hasSize(1);

        // When: once is enough, should the store not keep such minutes any more.
        book.written(book.unwritten());
        book.leave(key(100), null);

        // Then
        assertThat(book.size()).isZero();
        assertThat(book.series()).isZero();
    }

    @Test
    void showsWhatItHoldsOfARangeAndForgetsWhatIsTooOld() {
        // Given
        for (long minute : new long[] {0, 100, 101, 102}) {
            book.open(key(minute), null, 0);
            book.add(PARTITION, minute, delta(entry(minute, minute + 1)), 0);
        }
        book.open(new DependencyBook.Key(new Tenant("red"), 101, PARTITION), null, 0);

        // When
        var held = book.held(Tenant.DEFAULT, 100, 102);
        book.expire(102);

        // Then
        assertThat(held)
                .extracting(DependencyMinute::minute, DependencyBookTest::calls)
                .containsExactly(tuple(100L, 101.0), tuple(101L, 102.0));
        assertThat(book.holds(key(0))).isTrue();
        assertThat(book.holds(key(101))).isFalse();
        assertThat(book.holds(key(102))).isTrue();
        assertThat(book.series()).isEqualTo(2);
    }

    private static double calls(DependencyMinute minute) {
        return minute.entries().stream().mapToDouble(entry -> entry.figures().calls()).sum();
    }

    private static DependencyBook.Key key(long minute) {
        return new DependencyBook.Key(Tenant.DEFAULT, minute, PARTITION);
    }

    private static DependencyMinute kept(long minute, long upTo, long calls) {
        return new DependencyMinute(
                Tenant.DEFAULT, minute, PARTITION, upTo, List.of(entry(minute, calls)));
    }

    private static Entry entry(long minute, long calls) {
        return new Entry(minute, LINK, Figures.ofCalls(calls));
    }

    private static DependencyDelta delta(Entry... entries) {
        return new DependencyDelta(Tenant.DEFAULT, new Origin("spans", 0, 1), List.of(entries));
    }
}
