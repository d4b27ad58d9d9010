package dev.millrace.query;

import dev.millrace.model.Attributes;
import dev.millrace.model.Event;
import dev.millrace.model.Link;
import dev.millrace.model.Span;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Where an attribute stands.
enum AttributeLevel {
    RESOURCE {
        @Override
        Stream<Attributes> of(Span span) {
            return Stream.of(span.resource().attributes());
        }
    },
    SCOPE {
        @Override
        Stream<Attributes> of(Span span) {
            return Stream.of(span.scope().attributes());
        }
    },
    SPAN {
        @Override
        Stream<Attributes> of(Span span) {
            return Stream.of(span.attributes());
        }
    },
    EVENT {
        @Override
        Stream<Attributes> of(Span span) {
            return span.events().stream().map(Event::attributes);
        }
    },
    LINK {
        @Override
        Stream<Attributes> of(Span span) {
            return span.links().stream().map(Link::attributes);
        }
    };

    static final String EXPECTED =
            "one of "
                    + Arrays.stream(values())
                            .map(AttributeLevel::word)
                            .collect(Collectors.joining(", "));

    /// The attributes that a span has there.
    abstract Stream<Attributes> of(Span span);

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<AttributeLevel> parse(String word) {
        return Arrays.stream(values()).filter(level -> level.word().equals(word)).findFirst();
    }
}
