package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.Row;
import dev.millrace.storage.api.TraceSearch;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// Walks the rows of one term of our own index, from the latest window to the earliest. What they
/// say of times, durations, kinds and statuses already leaves most of what cannot match aside. Not
/// safe for threads.
final class IndexWalk implements Walk {

    /// What the windows of traces go by in the table of windows.
    static final String WINDOWS = "traces";

    /// How many windows are asked for at once.
    private static final int AHEAD = 8;

    private final Requests requests;
    private final Statements statements;
    private final RowBudget budget;
    private final TraceSearch search;
    private final String term;
    private final Iterator<Instant> windows;
    private final Queue<RowWalk> walks = new ArrayDeque<>();

    IndexWalk(
            Requests requests,
            Statements statements,
            RowBudget budget,
            TraceSearch search,
            String term) {
        this.requests = requests;
        this.statements = statements;
        this.budget = budget;
        this.search = search;
        this.term = term;
        this.windows = windows(requests, statements, search).iterator();
    }

    private static List<Instant> windows(
            Requests requests, Statements statements, TraceSearch search) {
        var statement =
                statements
                        .selectWindows
                        .bind()
                        .setString("kind", WINDOWS)
                        .setInstant("first", Times.window(search.startNanos()))
                        .setInstant("last", Times.window(search.endNanos()));
        return requests.rows("search", statement).stream()
                .map(row -> Columns.instant(row, "window"))
                .toList();
    }

    @Override
    public @Nullable Candidate candidate() {
        while (true) {
            while (walks.size() < AHEAD && windows.hasNext()) {
                walks.add(walk(windows.next()));
            }
            var walk = walks.peek();
            if (walk == null) {
                return null;
            }
            var candidate = walk.candidate();
            if (candidate != null) {
                return candidate;
            }
            walks.remove();
        }
    }

    @Override
    public void advance() {
        var walk = walks.peek();
        if (walk != null) {
            walk.advance();
        }
    }

    private RowWalk walk(Instant window) {
        var statement =
                statements
                        .selectByTerm
                        .bind()
                        .setString("term", term)
                        .setInstant("window", window)
                        .setLong("first", Times.micros(search.startNanos()));
        return new RowWalk(requests, statement, budget, this::candidate);
    }

    private Candidate candidate(Row row) {
        var kind = search.kind();
        var status = search.status();
        boolean possible =
                row.getLong("first_start") <= Times.micros(search.endNanos())
                        && (search.minDurationNanos() == 0
                                || row.getLong("longest") >= search.minDurationNanos())
                        && row.getLong("shortest") <= search.maxDurationNanos()
                        && (kind == null || (row.getInt("kinds") & FragmentRows.bit(kind)) != 0)
                        && (status == null
                                || (row.getInt("statuses") & FragmentRows.bit(status)) != 0);
        return new Candidate(
                possible ? Walk.traceId(row.getByteBuffer("trace_id")).orElse(null) : null,
                row.getLong("last_start"));
    }
}
