package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.model.Slice;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.kafka.Question.Encoded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// What instances say to one another.
///
/// A question is a `POST` of a JSON object to a path of its own. An answer is the length of a JSON
/// object in four bytes, that object, and the bodies whose lengths it lists. A failure is a JSON
/// object with the kind of [StoreException] it is.
///
/// Version 1. Another one has another path, so that instances that do not understand one another
/// say so.
final class PeerProtocol {

    static final int VERSION = 1;

    /// Under which all versions are.
    static final String ROOT = "/internal/store/";

    /// Where an answer that can be continued ends.
    static final long ANSWER_BYTES = 16 << 20;

    /// The largest answer that is read. Nothing that cannot be continued is as long: a whole trace
    /// takes a quarter of it, unless most of its spans repeat what they could share.
    static final long MAX_ANSWER_BYTES = 128 << 20;

    /// The largest question that is read.
    static final long MAX_QUESTION_BYTES = 1 << 20;

    private static final JsonFactory JSON = new JsonFactory();

    private PeerProtocol() {}

    /// Where a question is put.
    static String path(String question) {
        return ROOT + "v" + VERSION + "/" + question;
    }

    /// A question as it is sent.
    ///
    /// @param topic whose partitions are meant
    /// @param patience how long the answer is waited for
    record Asked(String topic, List<Integer> partitions, Duration patience, Question<?> question) {

        Asked {
            partitions = List.copyOf(partitions);
        }

        byte[] write() {
            return json(json -> {
                json.writeStringField("topic", topic);
                json.writeArrayFieldStart("partitions");
                for (int partition : partitions) {
                    json.writeNumber(partition);
                }
                json.writeEndArray();
                json.writeNumberField("patience", patience.toMillis());
                json.writeStringField("tenant", question.tenant().name());
                question.write(json);
            });
        }

        /// @throws IllegalArgumentException when it is no question, naming what is wrong
        static Asked read(String name, Slice bytes) {
            var fields = JsonFields.parse(bytes);
            return new Asked(
                    fields.text("topic"),
                    fields.integers("partitions"),
                    Duration.ofMillis(fields.number("patience")),
                    Question.read(name, fields));
        }
    }

    /// What stands before the bodies of an answer.
    static byte[] head(Share share, Encoded encoded) {
        var head =
                json(json -> {
                    json.writeArrayFieldStart("given");
                    for (var entry : share.given().entrySet()) {
                        json.writeStartObject();
                        json.writeNumberField("partition", entry.getKey());
                        json.writeBooleanField("active", entry.getValue().active());
                        json.writeNumberField("behind", entry.getValue().behind());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeArrayFieldStart("lacking");
                    for (var entry : share.lacking().entrySet()) {
                        json.writeStartObject();
                        json.writeNumberField("partition", entry.getKey());
                        json.writeStringField("why", entry.getValue());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeArrayFieldStart("bodies");
                    for (var body : encoded.bodies()) {
                        json.writeNumber(body.length());
                    }
                    json.writeEndArray();
                    json.writeObjectFieldStart("answer");
                    encoded.fields().write(json);
                    json.writeEndObject();
                });
        return ByteBuffer.allocate(Integer.BYTES + head.length)
                .putInt(head.length)
                .put(head)
                .array();
    }

    /// Reads an answer with its bodies, which are not copied.
    ///
    /// @throws IllegalArgumentException when it is none, naming what is wrong
    static <A> Reply<A> reply(Question<A> question, byte[] bytes) {
        if (bytes.length < Integer.BYTES) {
            throw new IllegalArgumentException("answer: " + bytes.length + " bytes");
        }
        int length = ByteBuffer.wrap(bytes).getInt();
        var head = JsonFields.parse(part(bytes, Integer.BYTES, length));
        var bodies = new ArrayList<Slice>();
        long at = Integer.BYTES + (long) length;
        for (long size : head.numbers("bodies")) {
            bodies.add(part(bytes, at, size));
            at += size;
        }
        var given = new TreeMap<Integer, Standing>();
        for (var each : head.objects("given")) {
            given.put(
                    each.integer("partition"),
                    new Standing(each.flag("active"), each.number("behind")));
        }
        var lacking = new TreeMap<Integer, String>();
        for (var each : head.objects("lacking")) {
            lacking.put(each.integer("partition"), each.text("why"));
        }
        var fields =
                head.optionalObject("answer")
                        .orElseThrow(() -> new IllegalArgumentException("answer: nothing"));
        return new Reply<>(given, lacking, question.read(fields, bodies));
    }

    private static Slice part(byte[] bytes, long from, long length) {
        if (length < 0 || from + length > bytes.length) {
            throw new IllegalArgumentException(
                    "answer: "
                            + bytes.length
                            + " bytes (expected: at least "
                            + (from + length)
                            + ")");
        }
        return Slice.of(bytes, Math.toIntExact(from), Math.toIntExact(length));
    }

    /// Why there is no answer.
    static byte[] failure(Kind kind, String message) {
        return json(json -> {
            json.writeStringField("kind", kind.name());
            json.writeStringField("message", message);
        });
    }

    /// Reads why there is no answer.
    ///
    /// @throws IllegalArgumentException when it is no such failure
    static StoreException failure(byte[] bytes) {
        var fields = JsonFields.parse(Slice.of(bytes));
        return new StoreException(Kind.valueOf(fields.text("kind")), fields.text("message"));
    }

    private static byte[] json(Question.Fields fields) {
        var bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            // Of what is put into memory only text can be at fault, such as half a character.
            throw new StoreException(
                    Kind.INVALID_REQUEST, "not to be written: " + e.getMessage(), e);
        }
        return bytes.toByteArray();
    }
}
