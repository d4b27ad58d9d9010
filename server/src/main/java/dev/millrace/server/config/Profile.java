package dev.millrace.server.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// A kind of site, whose settings stand in for the defaults; whatever is set elsewhere wins.
public enum Profile {
    /// Takes spans in and keeps them in a Kafka of its own until the center has fetched them.
    EDGE,
    /// Where the spans of all sites come together.
    CENTER;

    /// Its name on the command line.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Profile> find(String name) {
        return Arrays.stream(values())
                .filter(profile -> profile.toString().equals(name))
                .findFirst();
    }

    public static String names() {
        return Arrays.stream(values()).map(Profile::toString).collect(Collectors.joining(", "));
    }

    /// The file beside this class with its settings.
    String resource() {
        return "millrace-" + this + ".yaml";
    }
}
