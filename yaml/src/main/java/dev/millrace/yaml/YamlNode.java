package dev.millrace.yaml;

import java.io.StringReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/// A place in a YAML file, which knows its line when what stands there is not as it should be.
///
/// @param file its name, for messages
/// @param path the keys that lead here
public record YamlNode(String file, String path, Node node) {

    private static final int MOST_CHARACTERS = 1 << 20;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ns|us|ms|s|m|h)");
    private static final Pattern BYTES = Pattern.compile("(\\d{1,12})(B|KiB|MiB|GiB)?");

    /// The values of a mapping by their keys, in order.
    public record Keys(YamlNode of, Map<String, YamlNode> values) {

        public Optional<YamlNode> optional(String key) {
            return Optional.ofNullable(values.get(key));
        }

        public YamlNode required(String key) {
            return optional(key).orElseThrow(() -> of.wrong("no " + key, key));
        }

        public void forEach(BiConsumer<String, YamlNode> action) {
            values.forEach(action);
        }
    }

    /// The whole of a file.
    ///
    /// @param file its name, for messages
    /// @param expected what stands in such a file, for the message about an empty one
    /// @throws IllegalArgumentException when it is not YAML; the message says where and why
    public static YamlNode read(String file, String text, String expected) {
        if (text.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException(
                    file
                            + ": "
                            + text.length()
                            + " characters (expected: at most "
                            + MOST_CHARACTERS
                            + ")");
        }
        Node root;
        try {
            root =
                    new Yaml(new SafeConstructor(new LoaderOptions()))
                            .compose(new StringReader(text));
        } catch (MarkedYAMLException e) {
            var mark = e.getProblemMark();
            throw new IllegalArgumentException(
                    file
                            + (mark == null ? "" : ", line " + (mark.getLine() + 1))
                            + ": "
                            + e.getProblem()
                            + " (expected: YAML)",
                    e);
        } catch (YAMLException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
        if (root == null) {
            throw new IllegalArgumentException(file + ": empty (expected: " + expected + ")");
        }
        return new YamlNode(file, "", root);
    }

    /// @throws IllegalArgumentException for another key than these, or one that comes twice
    public Keys mapping(String... known) {
        if (!(node instanceof MappingNode mapping)) {
            throw wrong(shown(), "a mapping of " + String.join(", ", known));
        }
        var values = new LinkedHashMap<String, YamlNode>();
        for (var pair : mapping.getValue()) {
            var key = new YamlNode(file, path, pair.getKeyNode());
            String name = key.text();
            if (known.length > 0 && !List.of(known).contains(name)) {
                throw key.wrong(
                        "\"" + name + "\"",
                        "one of " + String.join(", ", new TreeSet<>(List.of(known))));
            }
            String below = path.isEmpty() ? name : path + "." + name;
            if (values.put(name, new YamlNode(file, below, pair.getValueNode())) != null) {
                throw key.wrong("\"" + name + "\" twice", "once");
            }
        }
        return new Keys(this, values);
    }

    public List<YamlNode> list() {
        if (!(node instanceof SequenceNode sequence)) {
            throw wrong(shown(), "a list");
        }
        var items = new ArrayList<YamlNode>();
        for (var item : sequence.getValue()) {
            items.add(new YamlNode(file, path + "[" + (items.size() + 1) + "]", item));
        }
        return items;
    }

    public boolean isMapping() {
        return node instanceof MappingNode;
    }

    public boolean isList() {
        return node instanceof SequenceNode;
    }

    /// Whether it is a number or a boolean, not written as text.
    public boolean isNumber() {
        return node.getTag().equals(Tag.INT) || node.getTag().equals(Tag.FLOAT);
    }

    public boolean isTruth() {
        return node.getTag().equals(Tag.BOOL);
    }

    public String text() {
        if (!(node instanceof ScalarNode scalar) || node.getTag().equals(Tag.NULL)) {
            throw wrong(shown(), "a text");
        }
        return scalar.getValue();
    }

    public boolean truth() {
        return word(Map.of("true", true, "false", false));
    }

    public <T> T word(Map<String, T> words) {
        T meant = words.get(text());
        if (meant == null) {
            throw wrong(shown(), "one of " + String.join(", ", new TreeSet<>(words.keySet())));
        }
        return meant;
    }

    public double number() {
        try {
            return Double.parseDouble(text());
        } catch (NumberFormatException _) {
            throw wrong(shown(), "a number");
        }
    }

    public int whole() {
        try {
            return Integer.parseInt(text());
        } catch (NumberFormatException _) {
            throw wrong(shown(), "a whole number");
        }
    }

    /// `1%` or `0.01`.
    public double share() {
        String text = text();
        double share;
        try {
            share =
                    text.endsWith("%")
                            ? Double.parseDouble(text.substring(0, text.length() - 1)) / 100
                            : Double.parseDouble(text);
        } catch (NumberFormatException _) {
            share = Double.NaN;
        }
        if (!(share >= 0 && share <= 1)) {
            throw wrong(shown(), "a share, 0% to 100%");
        }
        return share;
    }

    public Duration duration() {
        var matcher = DURATION.matcher(text());
        if (!matcher.matches()) {
            throw wrong(shown(), "a duration such as 200ms or 2s");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ns" -> Duration.ofNanos(count);
            case "us" -> Duration.ofNanos(count * 1_000);
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }

    public double bytes() {
        var matcher = BYTES.matcher(text());
        if (!matcher.matches()) {
            throw wrong(shown(), "bytes such as 500KiB or 2MiB");
        }
        int shift =
                switch (String.valueOf(matcher.group(2))) {
                    case "KiB" -> 10;
                    case "MiB" -> 20;
                    case "GiB" -> 30;
                    default -> 0;
                };
        return (double) (Long.parseLong(matcher.group(1)) << shift);
    }

    /// What `make` gives; what it complains of is told with this place.
    public <T> T checked(Supplier<T> make) {
        try {
            return make.get();
        } catch (PlacedException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new PlacedException(place() + e.getMessage());
        }
    }

    public IllegalArgumentException wrong(String found, String expected) {
        return new PlacedException(
                place()
                        + (path.isEmpty() ? "" : path + ": ")
                        + found
                        + " (expected: "
                        + expected
                        + ")");
    }

    private String place() {
        var mark = node.getStartMark();
        return file + (mark == null ? "" : ", line " + (mark.getLine() + 1)) + ": ";
    }

    private String shown() {
        return switch (node) {
            case ScalarNode scalar -> "\"" + scalar.getValue() + "\"";
            case SequenceNode _ -> "a list";
            default -> "a mapping";
        };
    }

    /// Says where it happened already.
    private static final class PlacedException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        PlacedException(String message) {
            super(message);
        }
    }
}
