package dev.millrace.storage.api;

/// The place in the log a fragment came from: what makes writing it twice harmless.
///
/// @param offset of its record
/// @param part which of the record's traces it is, counted from 0; only a record that holds several
///   has others
public record FragmentId(String topic, int partition, long offset, int part) {

    public FragmentId {
        if (part < 0) {
            throw new IllegalArgumentException("part: " + part + " (expected: at least 0)");
        }
    }

    /// The only fragment of its record, or the first one.
    public FragmentId(String topic, int partition, long offset) {
        this(topic, partition, offset, 0);
    }

    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset + (part == 0 ? "" : "." + part);
    }
}
