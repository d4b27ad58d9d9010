package dev.millrace.query;

import dev.millrace.model.Attributes;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Status;
import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.query.BoundedScan.Result;
import dev.millrace.query.TempoJson.TagValue;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.traceql.Attribute;
import dev.millrace.traceql.AttributeScope;
import dev.millrace.traceql.Field;
import dev.millrace.traceql.Intrinsic;
import dev.millrace.traceql.Query;
import dev.millrace.traceql.SpanSet.Selected;
import dev.millrace.traceql.TraceQlException;
import dev.millrace.traceql.Value;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Which tags there are, and which values they have.
///
/// Stores keep neither, so both are read off the newest traces, some hundreds of them; only the
/// names of services come from what the store knows of all.
final class TempoTagLookup {

    private static final int PAGE_SIZE = 100;
    private static final Query ALL_SPANS = Query.parse("{}");

    private final TraceStore store;
    private final BoundedScan scan;

    /// Where to look.
    ///
    /// @param query what traces and spans to look at; one that does not parse, because somebody is
    ///   still writing it, stands for all
    record Range(Tenant tenant, long startNanos, long endNanos, Optional<String> query) {

        private Query parsed() {
            try {
                return query.map(Query::parse).orElse(ALL_SPANS);
            } catch (TraceQlException _) {
                return ALL_SPANS;
            }
        }
    }

    /// Names of attributes by where they stand.
    record Names(Map<AttributeScope, SortedSet<String>> byScope, Result<?> result) {

        /// Of nothing, without having looked.
        static final Names NONE = new Names(Map.of(), new Result<>(List.of(), 0, 0, true));

        SortedSet<String> of(AttributeScope scope) {
            return byScope.getOrDefault(scope, Collections.emptySortedSet());
        }
    }

    /// Values of one tag, sorted.
    record Values(SortedSet<TagValue> values, Result<?> result) {}

    TempoTagLookup(TraceStore store, BoundedScan scan) {
        this.store = store;
        this.scan = scan;
    }

    Names names(Range range) {
        var byScope = new EnumMap<AttributeScope, SortedSet<String>>(AttributeScope.class);
        var result =
                look(
                        range,
                        range.parsed(),
                        selected -> {
                            var span = selected.span();
                            add(byScope, AttributeScope.SPAN, span.attributes());
                            add(byScope, AttributeScope.RESOURCE, span.resource().attributes());
                            add(byScope, AttributeScope.INSTRUMENTATION, span.scope().attributes());
                            span.events()
                                    .forEach(event ->
                                            add(byScope, AttributeScope.EVENT, event.attributes()));
                            span.links()
                                    .forEach(link ->
                                            add(byScope, AttributeScope.LINK, link.attributes()));
                        });
        return new Names(byScope, result);
    }

    private static void add(
            Map<AttributeScope, SortedSet<String>> byScope,
            AttributeScope scope,
            Attributes attributes) {
        var names = byScope.computeIfAbsent(scope, _ -> new TreeSet<>());
        attributes.forEach(attribute -> names.add(attribute.key()));
    }

    Values values(Range range, Field field) {
        var known = known(range, field);
        if (known.isPresent()) {
            return new Values(
                    new TreeSet<>(known.get().map(TagValue::of).toList()),
                    new Result<>(List.of(), 0, 0, true));
        }
        var values = new TreeSet<TagValue>();
        var result =
                look(
                        range,
                        range.parsed().telling(field),
                        selected ->
                                selected.values().stream()
                                        .flatMap(told -> each(told.value()))
                                        .map(TagValue::of)
                                        .filter(TagValue::askable)
                                        .forEach(values::add));
        return new Values(values, result);
    }

    private static Stream<Value> each(Value value) {
        return value instanceof Value.Several(List<Value> values)
                ? values.stream()
                : Stream.of(value);
    }

    /// The values of what has few, or of what the store keeps account of.
    private Optional<Stream<Value>> known(Range range, Field field) {
        return switch (field) {
            case Intrinsic intrinsic ->
                    switch (intrinsic) {
                        case STATUS ->
                                Optional.of(
                                        Arrays.stream(Status.Code.values())
                                                .map(Value.StatusCode::new));
                        case KIND ->
                                Optional.of(Arrays.stream(SpanKind.values()).map(Value.Kind::new));
                        default -> Optional.empty();
                    };
            case Attribute(AttributeScope scope, String key) -> {
                boolean service =
                        key.equals("service.name")
                                && (scope == AttributeScope.RESOURCE || scope == AttributeScope.ANY)
                                && range.parsed().equals(ALL_SPANS);
                yield service
                        ? Optional.of(store.services(range.tenant()).stream().map(Value.Text::new))
                        : Optional.empty();
            }
        };
    }

    private Result<Trace> look(Range range, Query query, Consumer<Selected> each) {
        var walk =
                new CandidateWalk(
                        store,
                        range.tenant(),
                        SearchPlan.of(query.pipeline()),
                        range.startNanos(),
                        range.endNanos(),
                        PAGE_SIZE);
        return scan.run(
                walk,
                Integer.MAX_VALUE,
                trace -> {
                    query.select(trace, range.startNanos(), range.endNanos(), Integer.MAX_VALUE)
                            .forEach(set -> set.spans().forEach(each));
                    return Optional.empty();
                });
    }
}
