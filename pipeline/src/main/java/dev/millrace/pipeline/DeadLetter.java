package dev.millrace.pipeline;

import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/// A record that was put aside, as it lies among the dead letters.
///
/// @param place where it lies
/// @param when it was put aside
/// @param source where it came from
/// @param part which trace's share of its record it is, counted from 0; -1 when it is the whole one
/// @param reason what was found and what was expected
/// @param bytes of its value; -1 when the value was too large to be kept
public record DeadLetter(
        Place place, Instant when, Place source, int part, String reason, int bytes) {

    /// A record's place in Kafka.
    public record Place(String topic, int partition, long offset) {
        @Override
        public String toString() {
            return topic + "-" + partition + "@" + offset;
        }
    }

    /// Which dead letters are meant.
    ///
    /// @param reason occurs in their reason, in whatever case; empty for any
    /// @param topic they came from; null for any
    /// @param from put aside then or later
    /// @param to put aside before it
    public record Choice(String reason, @Nullable String topic, Instant from, Instant to) {

        boolean covers(DeadLetter letter) {
            return contains(letter.reason, reason)
                    && (topic == null || topic.equals(letter.source.topic()))
                    && !letter.when.isBefore(from)
                    && letter.when.isBefore(to);
        }

        private static boolean contains(String text, String part) {
            for (int at = 0; at <= text.length() - part.length(); at++) {
                if (text.regionMatches(true, at, part, 0, part.length())) {
                    return true;
                }
            }
            return false;
        }
    }

    static DeadLetter of(ConsumerRecord<byte[], byte[]> record) {
        var headers = record.headers();
        String topic = RecordHeaders.text(headers, RecordHeaders.SOURCE_TOPIC);
        String reason = RecordHeaders.text(headers, RecordHeaders.REASON);
        return new DeadLetter(
                new Place(record.topic(), record.partition(), record.offset()),
                Instant.ofEpochMilli(record.timestamp()),
                new Place(
                        topic == null ? "" : topic,
                        (int) number(headers, RecordHeaders.SOURCE_PARTITION),
                        number(headers, RecordHeaders.SOURCE_OFFSET)),
                (int) number(headers, RecordHeaders.SOURCE_PART),
                reason == null ? "" : reason,
                record.value() == null ? -1 : record.value().length);
    }

    /// -1 where there is no such number.
    static long number(Headers headers, String name) {
        String text = RecordHeaders.text(headers, name);
        try {
            return text == null ? -1 : Long.parseLong(text);
        } catch (NumberFormatException _) {
            return -1;
        }
    }
}
