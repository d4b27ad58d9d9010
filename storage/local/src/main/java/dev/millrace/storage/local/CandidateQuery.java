package dev.millrace.storage.local;

import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.storage.api.TraceSearch;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.util.BytesRef;

/// What a search asks of the index: every fragment that holds a matching span, and some that hold
/// none.
final class CandidateQuery {

    private final BooleanQuery.Builder query = new BooleanQuery.Builder();
    private final Tenant tenant;

    private CandidateQuery(Tenant tenant) {
        this.tenant = tenant;
    }

    static Query of(Tenant tenant, TraceSearch search) {
        var candidates = new CandidateQuery(tenant);
        candidates.addNames(search);
        candidates.addTimes(search);
        return candidates.query.build();
    }

    private void addNames(TraceSearch search) {
        String service = search.service();
        String operation = search.operation();
        var kind = search.kind();
        var status = search.status();
        if (service != null && operation != null) {
            if (kind != null) {
                add(Terms.operation(tenant, service, operation, kind));
            } else {
                addAnyKind(service, operation);
            }
        } else {
            if (service != null) {
                add(Terms.service(tenant, service));
            }
            if (operation != null) {
                add(Terms.name(tenant, operation));
            }
            if (kind != null) {
                add(Terms.kind(tenant, kind));
            }
        }
        for (var attribute : search.attributes()) {
            add(Terms.attribute(tenant, attribute.key(), attribute.value()));
        }
        if (status != null) {
            add(Terms.status(tenant, status));
        }
        if (service == null && operation == null && kind == null && status == null) {
            addAnyOfTenant(search);
        }
    }

    private void add(BytesRef term) {
        query.add(term(term), Occur.FILTER);
    }

    private void addAnyKind(String service, String operation) {
        var anyKind = new BooleanQuery.Builder();
        for (var kind : SpanKind.values()) {
            anyKind.add(term(Terms.operation(tenant, service, operation, kind)), Occur.SHOULD);
        }
        query.add(anyKind.build(), Occur.FILTER);
    }

    // Every fragment has a kind: the one thing that tells all of a tenant's from other tenants'.
    private void addAnyOfTenant(TraceSearch search) {
        if (search.attributes().isEmpty()) {
            var anyKind = new BooleanQuery.Builder();
            for (var kind : SpanKind.values()) {
                anyKind.add(term(Terms.kind(tenant, kind)), Occur.SHOULD);
            }
            query.add(anyKind.build(), Occur.FILTER);
        }
    }

    private void addTimes(TraceSearch search) {
        if (search.endNanos() < Long.MAX_VALUE) {
            addRange(Terms.START, Long.MIN_VALUE, search.endNanos());
        }
        addRange(Terms.LATEST_START, Terms.latestStart(search.startNanos()), Long.MAX_VALUE);
        if (search.maxDurationNanos() < Long.MAX_VALUE) {
            addRange(Terms.SHORTEST, Long.MIN_VALUE, Terms.duration(search.maxDurationNanos()));
        }
        if (search.minDurationNanos() != 0) {
            String field =
                    search.status() == Status.Code.ERROR ? Terms.LONGEST_FAILED : Terms.LONGEST;
            addRange(field, Terms.duration(search.minDurationNanos()), Long.MAX_VALUE);
        }
    }

    private void addRange(String field, long from, long to) {
        query.add(NumericDocValuesField.newSlowRangeQuery(field, from, to), Occur.FILTER);
    }

    private static Query term(BytesRef bytes) {
        return new TermQuery(new Term(Terms.CONDITIONS, bytes));
    }
}
