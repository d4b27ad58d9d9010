package dev.millrace.storage.cassandra;

/// What the rows of one partition of our own index have in common, as text that people can read.
///
/// Long texts are cut, so that traces are found that do not match; whoever searches looks at the
/// traces themselves anyway.
final class IndexTerm {

    /// The only one there is without a condition.
    static final String ANY = "any";

    /// Of spans that failed.
    static final String FAILED = "failed";

    private static final int MAX_TEXT = 256;

    private IndexTerm() {}

    static String service(String service) {
        return "service|" + cut(service);
    }

    static String operation(String service, String operation) {
        return "operation|" + cut(service) + "|" + cut(operation);
    }

    /// Of an operation of any service.
    static String name(String operation) {
        return "name|" + cut(operation);
    }

    static String attribute(String key, String value) {
        return "attribute|" + cut(key) + "|" + cut(value);
    }

    private static String cut(String text) {
        if (text.length() <= MAX_TEXT) {
            return text;
        }
        // Not between the halves of a character, which UTF-8 has no bytes for.
        int end = Character.isHighSurrogate(text.charAt(MAX_TEXT - 1)) ? MAX_TEXT - 1 : MAX_TEXT;
        return text.substring(0, end);
    }
}
