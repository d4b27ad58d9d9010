package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.analysis.Connection;
import dev.millrace.analysis.Dependency;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.analysis.DependencyDelta.Entry;
import dev.millrace.analysis.DependencyDelta.Origin;
import dev.millrace.analysis.Figures;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.util.List;

/// How the records of a topic say which service called which.
public enum DependencyFormat {

    /// What the aggregator adds to the figures: each minute is that of the spans themselves.
    MILLRACE {
        @Override
        DependencyDelta read(byte[] value, long timestamp) {
            return DependencyDelta.decode(Slice.of(value));
        }
    },

    /// One of Zipkin's links in JSON, as zipkin-storage-kafka writes one for each link of a trace.
    ///
    /// It says nothing of when the calls were, so they count in the minute of the record, and
    /// nothing of a tenant.
    ZIPKIN {
        @Override
        DependencyDelta read(byte[] value, long timestamp) {
            return link(value, Math.floorDiv(timestamp, MINUTE_MILLIS));
        }
    };

    private static final long MINUTE_MILLIS = 60_000;

    /// As many as figures can hold.
    private static final long MAX_CALLS = 1L << 42;

    private static final JsonFactory JSON = new JsonFactory();

    /// What a record adds.
    ///
    /// @param timestamp of the record, in milliseconds since the epoch; at least 0
    /// @throws MalformedSpansException when the value is none of this format, or as an
    ///   IllegalArgumentException when it names a tenant that nobody can have
    abstract DependencyDelta read(byte[] value, long timestamp);

    private static DependencyDelta link(byte[] value, long minute) {
        String parent = "";
        String child = "";
        long calls = 0;
        long errors = 0;
        try (var json = JSON.createParser(value)) {
            require(json.nextToken() == JsonToken.START_OBJECT, "not an object", "a link");
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "parent" -> parent = text(json, name);
                    case "child" -> child = text(json, name);
                    case "callCount" -> calls = count(json, name);
                    case "errorCount" -> errors = count(json, name);
                    default -> json.skipChildren();
                }
            }
            require(json.nextToken() == null, "more than one value", "a link");
        } catch (JsonParseException e) {
            throw new MalformedSpansException("link: not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new MalformedSpansException("link: " + e);
        }
        require(!parent.isEmpty(), "no parent", "the name of a service");
        require(!child.isEmpty(), "no child", "the name of a service");
        return new DependencyDelta(
                Tenant.DEFAULT,
                new Origin("", 0, 0),
                List.of(
                        new Entry(
                                minute,
                                new Dependency(parent, child, Connection.PLAIN),
                                Figures.ofCalls(calls, errors))));
    }

    private static String text(JsonParser json, String name) throws IOException {
        require(json.currentToken() == JsonToken.VALUE_STRING, name + " is no text", "a text");
        return json.getText();
    }

    private static long count(JsonParser json, String name) throws IOException {
        require(
                json.currentToken() == JsonToken.VALUE_NUMBER_INT,
                name + " is no count",
                "a count");
        var number = json.getBigIntegerValue();
        require(
                number.signum() >= 0 && number.bitLength() <= 42,
                name + " is " + number,
                "0 to " + MAX_CALLS);
        return number.longValueExact();
    }

    private static void require(boolean holds, String found, String expected) {
        if (!holds) {
            throw new MalformedSpansException("link: " + found + " (expected: " + expected + ")");
        }
    }
}
