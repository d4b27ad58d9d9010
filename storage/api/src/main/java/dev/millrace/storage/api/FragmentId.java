package dev.millrace.storage.api;

/// The place in the log a fragment came from: what makes writing it twice harmless.
public record FragmentId(String topic, int partition, long offset) {

    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset;
    }
}
