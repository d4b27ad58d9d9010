package dev.millrace.server.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// Reads a YAML document as settings: the keys on the way to a value joined by dots, the value's
/// text as written, and the line its key stands on.
final class YamlSettings {

    private static final YAMLFactory YAML =
            YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private final IntFunction<Origin> origins;
    private final List<Setting> settings = new ArrayList<>();

    private YamlSettings(IntFunction<Origin> origins) {
        this.origins = origins;
    }

    /// @param origins what to call a line
    /// @throws ConfigException when the document is not YAML, or not a mapping
    static List<Setting> read(Reader document, IntFunction<Origin> origins)
            throws IOException, ConfigException {
        var reader = new YamlSettings(origins);
        try (var parser = YAML.createParser(document)) {
            var first = parser.nextToken();
            if (first == JsonToken.START_OBJECT) {
                reader.mapping("", parser);
            } else if (first != null && first != JsonToken.VALUE_NULL) {
                throw reader.problem(parser, "a value (expected: keys, one a line)");
            }
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            String reason = e.getOriginalMessage().lines().findFirst().orElse("not YAML");
            throw new ConfigException(List.of(origins.apply(line) + ": " + reason));
        }
        return reader.settings;
    }

    private void mapping(String prefix, JsonParser parser) throws IOException, ConfigException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = prefix + parser.currentName();
            var origin = origins.apply(parser.currentTokenLocation().getLineNr());
            switch (parser.nextToken()) {
                case START_OBJECT -> mapping(key + ".", parser);
                case START_ARRAY -> settings.add(new Setting(key, sequence(parser), origin));
                case VALUE_NULL -> settings.add(new Setting(key, "", origin));
                default -> settings.add(new Setting(key, parser.getText().strip(), origin));
            }
        }
    }

    private String sequence(JsonParser parser) throws IOException, ConfigException {
        var items = new ArrayList<String>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken().isStructStart()) {
                throw problem(parser, "a list within a list (expected: plain values)");
            }
            items.add(parser.getText().strip());
        }
        return String.join(",", items);
    }

    private ConfigException problem(JsonParser parser, String what) {
        return new ConfigException(
                List.of(origins.apply(parser.currentTokenLocation().getLineNr()) + ": " + what));
    }
}
