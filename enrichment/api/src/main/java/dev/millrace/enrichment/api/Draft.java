package dev.millrace.enrichment.api;

import dev.millrace.model.Attributes;

/// A part of a trace that has attributes, which may still be changed: a resource, a scope, an event
/// or a link.
///
/// @param <T> what it was sent as
public final class Draft<T> {

    private final T sent;
    private final AttributesDraft attributes;

    Draft(T sent, Attributes attributes) {
        this.sent = sent;
        this.attributes = new AttributesDraft(attributes);
    }

    /// As it was sent.
    public T sent() {
        return sent;
    }

    /// As they are now.
    public AttributesDraft attributes() {
        return attributes;
    }

    public boolean isChanged() {
        return attributes.isChanged();
    }
}
