package dev.millrace.enrichment.rules;

import dev.millrace.enrichment.api.AttributesDraft;
import dev.millrace.model.AttributeValue;
import dev.millrace.model.Attributes;
import dev.millrace.model.Attributes.Attribute;
import dev.millrace.model.Glob;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Attributes by the forms of their keys and values, wherever they are nested: the key of a value
/// inside another has the outer key and a dot before it. The elements of a list have the list's
/// key.
///
/// @param keys one of which must match
/// @param value the form of the value; any when every value is meant, lists and maps as a whole
record Selection(List<Glob> keys, Glob value) {

    Selection {
        keys = List.copyOf(keys);
    }

    /// Replaces what is selected; for an empty replacement it goes.
    void replace(
            AttributesDraft attributes,
            Function<AttributeValue, Optional<AttributeValue>> replacement) {
        attributes.replaceAll((key, each) -> replaced(key, each, replacement));
    }

    private Optional<AttributeValue> replaced(
            String path,
            AttributeValue each,
            Function<AttributeValue, Optional<AttributeValue>> replacement) {
        if (selects(path, each)) {
            return replacement.apply(each);
        }
        return switch (each) {
            case AttributeValue.Nested(Attributes inner) -> {
                var next = new ArrayList<Attribute>(inner.entries().size());
                for (var entry : inner) {
                    replaced(path + "." + entry.key(), entry.value(), replacement)
                            .ifPresent(kept -> next.add(new Attribute(entry.key(), kept)));
                }
                yield Optional.of(
                        next.equals(inner.entries())
                                ? each
                                : new AttributeValue.Nested(new Attributes(next)));
            }
            case AttributeValue.Array(List<AttributeValue> elements) -> {
                var next = new ArrayList<AttributeValue>(elements.size());
                for (var element : elements) {
                    replaced(path, element, replacement).ifPresent(next::add);
                }
                yield Optional.of(next.equals(elements) ? each : new AttributeValue.Array(next));
            }
            case AttributeValue.Text _,
                    AttributeValue.Bool _,
                    AttributeValue.Int _,
                    AttributeValue.Real _,
                    AttributeValue.Bytes _,
                    AttributeValue.Empty _ ->
                    Optional.of(each);
        };
    }

    private boolean selects(String path, AttributeValue each) {
        if (!value.isAny()) {
            boolean whole =
                    each instanceof AttributeValue.Nested || each instanceof AttributeValue.Array;
            if (whole || !value.matches(ValueText.of(each))) {
                return false;
            }
        }
        for (var key : keys) {
            if (key.matches(path)) {
                return true;
            }
        }
        return false;
    }
}
