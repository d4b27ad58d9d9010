package dev.millrace.enrichment.rules;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/// Where in a trace attributes stand.
enum Place {
    SPAN,
    EVENT,
    LINK,
    SCOPE,
    RESOURCE;

    static final Set<Place> ALL = Collections.unmodifiableSet(EnumSet.allOf(Place.class));

    /// What belongs to one span alone.
    static final Set<Place> OF_A_SPAN = Collections.unmodifiableSet(EnumSet.of(SPAN, EVENT, LINK));
}
