package dev.millrace.storage.cassandra;

import dev.millrace.model.Status;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceSearch.AttributeMatch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Chooses the index in which fewest traces have to be looked at. What the index does not know, the
/// look at the trace decides.
final class Candidates {

    private final Requests requests;
    private final Statements statements;
    private final boolean extraIndexes;
    private final TraceSearch search;
    private final RowBudget budget;

    Candidates(
            Requests requests,
            Statements statements,
            boolean extraIndexes,
            TraceSearch search,
            RowBudget budget) {
        this.requests = requests;
        this.statements = statements;
        this.extraIndexes = extraIndexes;
        this.search = search;
        this.budget = budget;
    }

    /// @throws StoreException of kind NOT_SUPPORTED when there is no index for it
    Walk walk() {
        String service = search.service();
        return service == null ? walkAcrossServices() : walk(service);
    }

    private Walk walkAcrossServices() {
        if (!extraIndexes) {
            throw new StoreException(
                    Kind.NOT_SUPPORTED,
                    "search: no service (expected: a service, as extra-indexes is off)");
        }
        String operation = search.operation();
        var attribute = rarest(_ -> true);
        if (attribute.isPresent()) {
            return indexWalk(attributeTerm(attribute.get()));
        }
        if (search.status() == Status.Code.ERROR) {
            return indexWalk(IndexTerm.FAILED);
        }
        return indexWalk(operation == null ? IndexTerm.ANY : IndexTerm.name(operation));
    }

    private Walk walk(String service) {
        var jaeger = new JaegerWalks(requests, statements, budget, search);
        String operation = search.operation();
        var tag = rarest(match -> TagText.isIndexed(match.key(), match.value()));
        if (tag.isPresent()) {
            return jaeger.byTag(service, tag.get().key(), tag.get().value());
        }
        if (search.status() == Status.Code.ERROR) {
            return jaeger.byTag(service, "error", "true");
        }
        var walks = new ArrayList<Walk>();
        if (operation == null) {
            walks.addAll(jaeger.byService(service));
        } else {
            walks.add(jaeger.byOperation(service, operation));
        }
        var attribute = rarest(_ -> extraIndexes);
        walks.add(
                indexWalk(
                        attribute
                                .map(Candidates::attributeTerm)
                                .orElseGet(() -> ownTerm(service, operation))));
        return new MergedWalk(walks);
    }

    private static String ownTerm(String service, @Nullable String operation) {
        return operation == null
                ? IndexTerm.service(service)
                : IndexTerm.operation(service, operation);
    }

    /// The longer a value, the fewer spans are likely to have it.
    private Optional<AttributeMatch> rarest(Predicate<AttributeMatch> usable) {
        List<AttributeMatch> matches = search.attributes();
        return matches.stream()
                .filter(usable)
                .max(Comparator.comparingInt(match -> match.value().length()));
    }

    private IndexWalk indexWalk(String term) {
        return new IndexWalk(requests, statements, budget, search, term);
    }

    private static String attributeTerm(AttributeMatch match) {
        return IndexTerm.attribute(match.key(), match.value());
    }
}
