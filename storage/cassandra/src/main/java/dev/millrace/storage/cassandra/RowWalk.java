package dev.millrace.storage.cassandra;

import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import java.util.Collections;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Walks the rows of one statement, whose order is the walk's. The first page is asked for at once,
/// the others when they are needed. Not safe for threads.
final class RowWalk implements Walk {

    /// Few, as most searches end on the first page.
    private static final int FIRST_PAGE = 100;

    /// Enough for those that look at many.
    private static final int PAGE = 1_000;

    private final Requests requests;
    private final RowBudget budget;
    private final BoundStatement statement;
    private final Function<Row, Candidate> toCandidate;
    private final CompletableFuture<AsyncResultSet> first;
    private @Nullable AsyncResultSet page;
    private Iterator<Row> rows = Collections.emptyIterator();
    private @Nullable Candidate candidate;
    private boolean begun;

    RowWalk(
            Requests requests,
            BoundStatement statement,
            RowBudget budget,
            Function<Row, Candidate> toCandidate) {
        this.requests = requests;
        this.budget = budget;
        this.statement = statement;
        this.toCandidate = toCandidate;
        this.first = requests.first("search", statement.setPageSize(FIRST_PAGE));
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
        while (!rows.hasNext()) {
            var read = page;
            if (read == null || !read.hasMorePages()) {
                candidate = null;
                return;
            }
            page = requests.await("search", requests.first("search", after(read)));
            rows = page.currentPage().iterator();
        }
        budget.spend();
        candidate = toCandidate.apply(rows.next());
    }

    private BoundStatement after(AsyncResultSet read) {
        return statement.setPageSize(PAGE).setPagingState(read.getExecutionInfo().getPagingState());
    }
}
