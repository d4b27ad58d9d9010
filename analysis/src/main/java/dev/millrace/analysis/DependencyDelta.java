package dev.millrace.analysis;

import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import dev.millrace.model.Tenant;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the traces completed between two commits add to the figures of a tenant: the value of a
/// record in `dependencies`.
///
/// Written as the protobuf message `millrace.DependencyDelta` in `dependencies.proto`.
public record DependencyDelta(Tenant tenant, Origin origin, List<Entry> entries) {

    /// Where the traces come from.
    ///
    /// @param commit the number of the commit among those of the partition, ascending
    public record Origin(String topic, int partition, long commit) {}

    /// Figures of one minute.
    ///
    /// @param minute in which calls began, minutes since the epoch; 0 for none in particular
    public record Entry(long minute, Series series, Figures figures) {}

    private static final int TENANT = 1;
    private static final int TOPIC = 2;
    private static final int PARTITION = 3;
    private static final int COMMIT = 4;
    private static final int NAMES = 6;
    private static final int MINUTES = 7;

    private static final int MINUTE = 1;
    private static final int LINKS = 2;
    private static final int OPERATIONS = 3;

    // Of a link, and of an operation.
    private static final int CALLER = 1;
    private static final int CALLEE = 2;
    private static final int CONNECTION = 3;
    private static final int SERVICE = 1;
    private static final int NAME = 2;
    private static final int KIND = 3;

    /// The last that a time in nanoseconds, 64 bits without a sign, can be of.
    private static final long LAST_MINUTE = Long.divideUnsigned(-1, 60_000_000_000L);

    public DependencyDelta {
        entries = List.copyOf(entries);
    }

    public Slice encode() {
        var writer =
                new ProtoWriter(64 + entries.size() * 32)
                        .text(TENANT, tenant.name())
                        .text(TOPIC, origin.topic())
                        .number(PARTITION, origin.partition())
                        .number(COMMIT, origin.commit());
        var names = new LinkedHashMap<String, Integer>();
        var minutes = new LinkedHashMap<Long, List<Entry>>();
        for (var entry : entries) {
            minutes.computeIfAbsent(entry.minute(), _ -> new ArrayList<>()).add(entry);
            switch (entry.series()) {
                case Dependency link -> {
                    number(names, link.caller());
                    number(names, link.callee());
                }
                case Operation operation -> {
                    number(names, operation.service());
                    number(names, operation.name());
                }
            }
        }
        names.keySet().forEach(name -> writer.bytes(NAMES, utf8(name)));
        minutes.forEach((minute, those) -> {
            int opened = writer.open(MINUTES);
            writer.number(MINUTE, minute);
            those.forEach(entry -> write(writer, entry, names));
            writer.close(opened);
        });
        return writer.finish();
    }

    private static void write(ProtoWriter writer, Entry entry, Map<String, Integer> names) {
        switch (entry.series()) {
            case Dependency(String caller, String callee, Connection connection) -> {
                int opened = writer.open(LINKS);
                writer.number(CALLER, number(names, caller))
                        .number(CALLEE, number(names, callee))
                        .number(CONNECTION, connection.number());
                entry.figures().write(writer);
                writer.close(opened);
            }
            case Operation(String service, String name, SpanKind kind) -> {
                int opened = writer.open(OPERATIONS);
                writer.number(SERVICE, number(names, service))
                        .number(NAME, number(names, name))
                        .number(KIND, kind.number());
                entry.figures().write(writer);
                writer.close(opened);
            }
        }
    }

    private static int number(Map<String, Integer> names, String name) {
        var known = names.putIfAbsent(name, names.size());
        return known == null ? names.size() - 1 : known;
    }

    private static Slice utf8(String text) {
        return Slice.of(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /// @throws MalformedSpansException when the value is no such message
    public static DependencyDelta decode(Slice value) {
        var numbers = new long[COMMIT + 1];
        String tenant = "";
        String topic = "";
        var names = new ArrayList<String>();
        var entries = new ArrayList<Entry>();
        var reader = ProtoReader.of(value);
        while (reader.next() != 0) {
            int field = reader.field();
            if (reader.wireType() == ProtoReader.VARINT && field <= COMMIT) {
                numbers[field] = reader.varint();
            } else if (reader.wireType() != ProtoReader.LENGTH_DELIMITED) {
                reader.skip();
            } else {
                switch (field) {
                    case TENANT -> tenant = reader.slice().toText();
                    case TOPIC -> topic = reader.slice().toText();
                    case NAMES -> names.add(reader.slice().toText());
                    case MINUTES -> readMinute(reader.slice(), names, entries);
                    default -> reader.skip();
                }
            }
        }
        return new DependencyDelta(
                new Tenant(tenant),
                new Origin(topic, (int) numbers[PARTITION], numbers[COMMIT]),
                entries);
    }

    private static void readMinute(Slice message, List<String> names, List<Entry> into) {
        long minute = 0;
        var reader = ProtoReader.of(message);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case MINUTE -> minute = checkedMinute(reader.varint());
                case LINKS -> into.add(readEntry(minute, true, reader.slice(), names));
                case OPERATIONS -> into.add(readEntry(minute, false, reader.slice(), names));
                default -> reader.skip();
            }
        }
    }

    /// The minute, which is one that a span can begin in.
    ///
    /// @throws MalformedSpansException when it is not
    public static long checkedMinute(long minute) {
        if (minute < 0 || minute > LAST_MINUTE) {
            throw new MalformedSpansException(
                    "dependencies: minute %d (expected: 0 to %d)".formatted(minute, LAST_MINUTE));
        }
        return minute;
    }

    private static Entry readEntry(long minute, boolean link, Slice message, List<String> names) {
        var figures = new Figures(false);
        var about = new int[4];
        var reader = ProtoReader.of(message);
        while (reader.next() != 0) {
            int field = reader.field();
            if (reader.wireType() == ProtoReader.VARINT) {
                long number = reader.varint();
                if (field < about.length) {
                    about[field] = (int) number;
                } else {
                    figures.read(field, number);
                }
            } else if (field == Figures.DURATIONS) {
                figures.durations().read(reader.slice(), Figures.UNIT);
            } else if (field == Figures.DURATIONS_UNITS) {
                figures.durations().read(reader.slice(), 1);
            } else {
                reader.skip();
            }
        }
        Series series =
                link
                        ? new Dependency(
                                name(names, about[CALLER]),
                                name(names, about[CALLEE]),
                                Connection.of(about[CONNECTION]))
                        : new Operation(
                                name(names, about[SERVICE]),
                                name(names, about[NAME]),
                                SpanKind.of(about[KIND]));
        return new Entry(minute, series, figures);
    }

    private static String name(List<String> names, int number) {
        if (number < 0 || number >= names.size()) {
            throw new MalformedSpansException(
                    "dependencies: name %d of %d (expected: one of them)"
                            .formatted(number, names.size()));
        }
        return names.get(number);
    }
}
