package dev.millrace.storage.kafka;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.analysis.DependencyDelta;
import dev.millrace.model.Slice;
import dev.millrace.model.Tenant;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.wire.otlp.MalformedSpansException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;

/// Who called whom in some minutes?
///
/// An answer to others ends early, after a whole minute, when it grows large, and says where to go
/// on.
///
/// @param from the first of the minutes
/// @param to the one after the last
record DependenciesQuestion(Tenant tenant, long from, long to)
        implements Question<DependenciesQuestion.Minutes> {

    static final String NAME = "dependencies";

    /// Figures of some partitions.
    ///
    /// @param next the minute to go on with; empty when there is no more
    record Minutes(List<DependencyMinute> minutes, Optional<Long> next) {

        Minutes {
            minutes = List.copyOf(minutes);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean aboutDependencies() {
        return true;
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeNumberField("from", from);
        json.writeNumberField("to", to);
    }

    @Override
    public Minutes answer(Share share) {
        return new Minutes(
                share.eachFigures(figures -> figures.dependencies(tenant, from, to)).stream()
                        .flatMap(List::stream)
                        .toList(),
                Optional.empty());
    }

    @Override
    public Encoded encoded(Share share) {
        return encoded(answer(share), PeerProtocol.ANSWER_BYTES);
    }

    /// @param mostBytes after how many no further minute is begun
    static Encoded encoded(Minutes all, long mostBytes) {
        var inOrder =
                all.minutes().stream()
                        .sorted(Comparator.comparingLong(DependencyMinute::minute))
                        .toList();
        var bodies = new ArrayList<Slice>();
        long bytes = 0;
        Optional<Long> next = Optional.empty();
        for (int i = 0; i < inOrder.size() && next.isEmpty(); i++) {
            long minute = inOrder.get(i).minute();
            if (bytes > mostBytes && minute != inOrder.get(i - 1).minute()) {
                next = Optional.of(minute);
            } else {
                var body = body(inOrder.get(i));
                bytes += body.length();
                bodies.add(body);
            }
        }
        var sent = inOrder.subList(0, bodies.size());
        var following = next;
        return new Encoded(
                json -> {
                    json.writeArrayFieldStart("minutes");
                    for (var minute : sent) {
                        json.writeNumber(minute.minute());
                    }
                    json.writeEndArray();
                    if (following.isPresent()) {
                        json.writeNumberField("next", following.get());
                    }
                },
                bodies);
    }

    private static Slice body(DependencyMinute minute) {
        var origin = new DependencyDelta.Origin("", minute.partition(), minute.upTo());
        return new DependencyDelta(minute.tenant(), origin, minute.entries()).encode();
    }

    @Override
    public Minutes read(JsonFields fields, List<Slice> bodies) {
        var numbers = fields.numbers("minutes");
        if (numbers.size() != bodies.size()) {
            throw new IllegalArgumentException(
                    "minutes: "
                            + numbers.size()
                            + " (expected: "
                            + bodies.size()
                            + ", one a body)");
        }
        var minutes = new ArrayList<DependencyMinute>(bodies.size());
        for (int i = 0; i < bodies.size(); i++) {
            minutes.add(minute(numbers.get(i), bodies.get(i)));
        }
        return new Minutes(minutes, fields.optionalNumber("next"));
    }

    private static DependencyMinute minute(long number, Slice body) {
        try {
            var delta = DependencyDelta.decode(body);
            return new DependencyMinute(
                    delta.tenant(),
                    number,
                    delta.origin().partition(),
                    delta.origin().commit(),
                    delta.entries());
        } catch (MalformedSpansException e) {
            throw new IllegalArgumentException("figures: " + e.getMessage(), e);
        }
    }

    @Override
    public Minutes only(Minutes answer, IntPredicate partitions, ToIntFunction<TraceId> placed) {
        return new Minutes(
                answer.minutes().stream()
                        .filter(minute -> partitions.test(minute.partition()))
                        .toList(),
                answer.next());
    }
}
