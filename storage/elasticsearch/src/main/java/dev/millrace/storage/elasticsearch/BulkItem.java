package dev.millrace.storage.elasticsearch;

/// A document to be written.
///
/// Not a record, for its source is an array.
final class BulkItem {

    private final String index;
    private final String id;
    private final byte[] source;
    private final String owner;

    /// @param id the same whenever the document is written
    /// @param source JSON
    /// @param owner what it is a part of, for messages
    BulkItem(String index, String id, byte[] source, String owner) {
        this.index = index;
        this.id = id;
        this.source = source;
        this.owner = owner;
    }

    String index() {
        return index;
    }

    String id() {
        return id;
    }

    byte[] source() {
        return source;
    }

    String owner() {
        return owner;
    }
}
