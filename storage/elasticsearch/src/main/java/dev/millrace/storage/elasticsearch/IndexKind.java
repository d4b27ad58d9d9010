package dev.millrace.storage.elasticsearch;

/// What documents of one index are about.
enum IndexKind {
    SPAN("span", 500),
    SERVICE("service", 501),
    DEPENDENCIES("dependencies", 502);

    private final String word;
    private final int priority;

    IndexKind(String word, int priority) {
        this.word = word;
        this.priority = priority;
    }

    /// As Jaeger's names of indices have it.
    String word() {
        return word;
    }

    /// Of the template, as Jaeger has it.
    int priority() {
        return priority;
    }
}
