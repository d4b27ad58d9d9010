package dev.millrace.verification;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Measures how soon `./millrace up` is ready on an empty data directory, and how much memory the
/// idle process takes. Fails when the median start takes longer than 5 s or the memory exceeds 600
/// MB.
public final class StartProof {

    static final Duration LONGEST = Duration.ofSeconds(5);
    static final long MOST_MEGABYTES = 600;
    private static final int STARTS = 5;

    private StartProof() {}

    public static void main(String[] arguments) throws Exception {
        var starts = new ArrayList<Start>();
        try (var client = HttpClient.newHttpClient()) {
            for (int i = 1; i <= STARTS; i++) {
                var start = Start.measure(client);
                starts.add(start);
                System.out.printf(
                        Locale.ROOT,
                        "start %d: ready after %d ms, %d MB when idle%n",
                        i,
                        start.untilReady().toMillis(),
                        start.megabytes());
            }
        }
        var median = medianUntilReady(starts);
        long most = mostMegabytes(starts);
        System.out.printf(
                Locale.ROOT,
                "median %d ms (promised: at most %d ms), at most %d MB (promised: at most %d MB)%n",
                median.toMillis(),
                LONGEST.toMillis(),
                most,
                MOST_MEGABYTES);
        System.exit(median.compareTo(LONGEST) <= 0 && most <= MOST_MEGABYTES ? 0 : 1);
    }

    static Duration medianUntilReady(List<Start> starts) {
        return starts.stream().map(Start::untilReady).sorted().toList().get(starts.size() / 2);
    }

    static long mostMegabytes(List<Start> starts) {
        return starts.stream().mapToLong(Start::megabytes).max().orElseThrow();
    }
}
