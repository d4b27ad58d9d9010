package dev.millrace.sampling;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The strategies of Jaeger's strategy file: one for each service it names, and one for the rest.
///
/// The default's operations hold for every service too, unless the service has its own entry for an
/// operation. Immutable.
public final class StrategyFile {

    /// What Jaeger samples with where nothing else is said.
    public static final double DEFAULT_PROBABILITY = 0.001;

    private static final JsonFactory JSON = new JsonFactory();
    private static final String PROBABILISTIC = "probabilistic";
    private static final String RATE_LIMITING = "ratelimiting";

    private final SamplingStrategy otherwise;
    private final Map<String, SamplingStrategy> services;

    private StrategyFile(SamplingStrategy otherwise, Map<String, SamplingStrategy> services) {
        this.otherwise = otherwise;
        this.services = Map.copyOf(services);
    }

    /// One strategy for all.
    public static StrategyFile of(SamplingStrategy otherwise) {
        return new StrategyFile(otherwise, Map.of());
    }

    /// @param defaultProbability where the file has no `default_strategy`
    /// @throws IllegalArgumentException when the text is not such a file, naming the place, the
    ///   value and what was expected
    public static StrategyFile parse(String json, double defaultProbability) {
        try (var parser = JSON.createParser(json)) {
            var reader = new Reader(parser);
            reader.file();
            return reader.merged(defaultProbability);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "strategy file: " + e.getOriginalMessage() + " (expected: JSON)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What a service is told.
    public SamplingStrategy strategy(String service) {
        return services.getOrDefault(service, otherwise);
    }

    /// An entry as it stands in the file.
    private record Entry(String service, SamplingStrategy own, List<Entry> operations) {}

    private static final class Reader {
        private final JsonParser parser;
        private @Nullable Entry defaults;
        private final List<Entry> entries = new ArrayList<>();

        Reader(JsonParser parser) {
            this.parser = parser;
        }

        void file() throws IOException {
            parser.nextToken();
            expect(JsonToken.START_OBJECT, "strategy file");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                switch (field) {
                    case "default_strategy" -> defaults = entry(field, "service");
                    case "service_strategies" -> {
                        expect(JsonToken.START_ARRAY, field);
                        while (parser.nextToken() != JsonToken.END_ARRAY) {
                            entries.add(entry(field + "[" + entries.size() + "]", "service"));
                        }
                    }
                    default -> throw unknown(field, "default_strategy or service_strategies");
                }
            }
        }

        private Entry entry(String place, String nameField) throws IOException {
            expect(JsonToken.START_OBJECT, place);
            String name = "";
            String type = "";
            double param = Double.NaN;
            var operations = new ArrayList<Entry>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                if (field.equals(nameField)) {
                    expect(JsonToken.VALUE_STRING, place + "." + field);
                    name = parser.getText();
                } else if (field.equals("type")) {
                    expect(JsonToken.VALUE_STRING, place + ".type");
                    type = parser.getText();
                } else if (field.equals("param")) {
                    if (!parser.currentToken().isNumeric()) {
                        throw wrong(place + ".param", "a number");
                    }
                    param = parser.getDoubleValue();
                } else if (field.equals("operation_strategies") && nameField.equals("service")) {
                    expect(JsonToken.START_ARRAY, place + "." + field);
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        String inner = place + "." + field + "[" + operations.size() + "]";
                        operations.add(entry(inner, "operation"));
                    }
                } else {
                    throw unknown(place + "." + field, nameField + ", type or param");
                }
            }
            if (name.isEmpty() && !place.equals("default_strategy")) {
                throw new IllegalArgumentException(
                        place + "." + nameField + ": missing (expected: a name)");
            }
            var own = own(place, type, param);
            if (nameField.equals("operation") && own instanceof SamplingStrategy.RateLimiting) {
                throw new IllegalArgumentException(
                        place + ".type: " + type + " (expected: probabilistic for an operation)");
            }
            return new Entry(name, own, operations);
        }

        private static SamplingStrategy own(String place, String type, double param) {
            return switch (type) {
                case PROBABILISTIC -> {
                    if (!(param >= 0 && param <= 1)) {
                        throw new IllegalArgumentException(
                                place + ".param: " + number(param) + " (expected: 0 to 1)");
                    }
                    yield new SamplingStrategy.Probabilistic(param);
                }
                case RATE_LIMITING -> {
                    if (!(param >= 0 && param <= Short.MAX_VALUE && param == Math.rint(param))) {
                        throw new IllegalArgumentException(
                                place
                                        + ".param: "
                                        + number(param)
                                        + " (expected: a whole number from 0 to "
                                        + Short.MAX_VALUE
                                        + ")");
                    }
                    yield new SamplingStrategy.RateLimiting((int) param);
                }
                default ->
                        throw new IllegalArgumentException(
                                place
                                        + ".type: \""
                                        + type
                                        + "\" (expected: probabilistic or ratelimiting)");
            };
        }

        private static String number(double param) {
            return Double.isNaN(param) ? "missing" : Double.toString(param);
        }

        private void expect(JsonToken token, String place) throws IOException {
            if (parser.currentToken() != token) {
                throw wrong(
                        place,
                        switch (token) {
                            case START_OBJECT -> "an object";
                            case START_ARRAY -> "a list";
                            default -> "text";
                        });
            }
        }

        private IllegalArgumentException wrong(String place, String expected) throws IOException {
            String found = parser.currentToken() == null ? "nothing" : parser.getText();
            return new IllegalArgumentException(
                    place + ": " + found + " (expected: " + expected + ")");
        }

        private static IllegalArgumentException unknown(String place, String expected) {
            return new IllegalArgumentException(
                    place + ": unknown field (expected: " + expected + ")");
        }

        StrategyFile merged(double defaultProbability) {
            var base =
                    defaults == null
                            ? new Entry(
                                    "",
                                    new SamplingStrategy.Probabilistic(defaultProbability),
                                    List.of())
                            : defaults;
            var services = new HashMap<String, SamplingStrategy>();
            for (var entry : entries) {
                services.put(entry.service(), merge(entry, base, defaultProbability));
            }
            return new StrategyFile(merge(base, base, defaultProbability), services);
        }

        private static SamplingStrategy merge(Entry entry, Entry base, double otherwise) {
            var operations = new LinkedHashMap<String, SamplingStrategy.Operation>();
            for (var list : List.of(base.operations(), entry.operations())) {
                for (var operation : list) {
                    if (operation.own() instanceof SamplingStrategy.Probabilistic(double rate)) {
                        operations.put(
                                operation.service(),
                                new SamplingStrategy.Operation(operation.service(), rate));
                    }
                }
            }
            if (operations.isEmpty()) {
                return entry.own();
            }
            return new SamplingStrategy.PerOperation(
                    rest(entry, base, otherwise), 0, List.copyOf(operations.values()));
        }

        /// What holds for the operations that are not listed. A strategy by operation has no place
        /// for a rate limit of the service: as Jaeger has it, the default's probability comes with
        /// its operations where the service lists none of its own.
        private static double rest(Entry entry, Entry base, double otherwise) {
            if (entry.own() instanceof SamplingStrategy.Probabilistic(double rate)) {
                return rate;
            }
            return entry.operations().isEmpty()
                            && base.own() instanceof SamplingStrategy.Probabilistic(double rate)
                    ? rate
                    : otherwise;
        }
    }
}
