package dev.millrace.assembly;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// In which minute of the log each span of a trace came, in runs: nearly all traces have one.
final class MinuteRuns {

    /// By run: the span after its last, and its minute.
    private int[] ends = new int[1];

    private long[] minutes = new long[1];
    private int runs;

    /// The spans up to `end` that are in no run yet came in this minute.
    void add(int end, long minute) {
        if (runs > 0 && minutes[runs - 1] == minute) {
            ends[runs - 1] = end;
            return;
        }
        if (runs == ends.length) {
            ends = Arrays.copyOf(ends, runs * 2);
            minutes = Arrays.copyOf(minutes, runs * 2);
        }
        ends[runs] = end;
        minutes[runs] = minute;
        runs++;
    }

    /// Forgets the spans before `from`, which becomes number 0.
    void keepFrom(int from) {
        int kept = 0;
        for (int run = 0; run < runs; run++) {
            if (ends[run] > from) {
                ends[kept] = ends[run] - from;
                minutes[kept] = minutes[run];
                kept++;
            }
        }
        runs = kept;
    }

    /// The spans from `from` to `to`, of which `stay` are no duplicates, by minute.
    List<LogMinute> count(int from, int to, int[] stay) {
        if (runs == 1) {
            return List.of(new LogMinute(minutes[0], stay.length, to - from - stay.length));
        }
        int[] spans = new int[runs];
        int[] copies = new int[runs];
        for (int span : stay) {
            spans[runOf(span)]++;
        }
        for (int span = from; span < to; span++) {
            copies[runOf(span)]++;
        }
        var counted = new ArrayList<LogMinute>();
        for (int run = 0; run < runs; run++) {
            if (copies[run] > 0) {
                counted.add(new LogMinute(minutes[run], spans[run], copies[run] - spans[run]));
            }
        }
        return counted;
    }

    private int runOf(int span) {
        int run = 0;
        while (ends[run] <= span) {
            run++;
        }
        return run;
    }

    /// Both together, by minute.
    static List<LogMinute> sum(List<LogMinute> some, List<LogMinute> more) {
        if (some.isEmpty()) {
            return more;
        }
        var byMinute = new TreeMap<Long, LogMinute>();
        some.forEach(one -> add(byMinute, one));
        more.forEach(one -> add(byMinute, one));
        return List.copyOf(byMinute.values());
    }

    private static void add(Map<Long, LogMinute> byMinute, LogMinute one) {
        byMinute.merge(
                one.minute(),
                one,
                (a, b) ->
                        new LogMinute(
                                a.minute(),
                                a.spans() + b.spans(),
                                a.duplicates() + b.duplicates()));
    }
}
