package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Walks the rows of one statement, whose order is the walk's. The first page is asked for at once,
/// the others when they are needed. Not safe for threads.
final class RowWalk implements Walk {

    /// Few, as most searches end on the first page; enough for those that look at many.
    private static final int PAGE = 1_000;

    private final Requests requests;
    private final RowBudget budget;
    private final Function<Row, Optional<Candidate>> toCandidate;
    private final CompletableFuture<AsyncResultSet> first;
    private @Nullable AsyncResultSet page;
    private Iterator<Row> rows = Collections.emptyIterator();
    private @Nullable Candidate candidate;
    private boolean begun;

    /// @param toCandidate empty for rows that are passed over
    RowWalk(
            Requests requests,
            BoundStatement statement,
            RowBudget budget,
            Function<Row, Optional<Candidate>> toCandidate) {
        this.requests = requests;
        this.budget = budget;
        this.toCandidate = toCandidate;
        this.first = requests.first("search", statement.setPageSize(PAGE));
    }

    @Override
    public @Nullable Candidate candidate() {
        if (!begun) {
            begun = true;
            page = requests.await("search", first);
            rows = page.currentPage().iterator();
            advance();
        }
        return candidate;
    }

    @Override
    public void advance() {
        while (true) {
            while (rows.hasNext()) {
                budget.spend();
                var found = toCandidate.apply(rows.next());
                if (found.isPresent()) {
                    candidate = found.get();
                    return;
                }
            }
            var read = page;
            if (read == null || !read.hasMorePages()) {
                candidate = null;
                return;
            }
            page = requests.next("search", read);
            rows = page.currentPage().iterator();
        }
    }
}
