package dev.millrace.server;

import dev.millrace.server.config.Profile;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// A job that a process can have; one process can have several.
enum Role {
    BROKER("Runs the embedded Kafka broker."),
    COLLECTOR("Takes spans in and writes them to Kafka."),
    AGGREGATOR("Assembles spans into traces and decides which are kept."),
    INGESTER("Writes traces to the store."),
    QUERY("Answers queries and serves the user interface."),
    AGENT("Takes spans in on their node and forwards them to collectors.");

    private final String description;

    Role(String description) {
        this.description = description;
    }

    /// What `millrace up` runs: all but the agent, which listens where a collector does.
    static Set<Role> together() {
        return EnumSet.complementOf(EnumSet.of(AGENT));
    }

    /// What `millrace up` runs at a kind of site. Agents of an edge are on its nodes.
    static Set<Role> of(Profile profile) {
        return switch (profile) {
            case EDGE -> EnumSet.of(BROKER, COLLECTOR);
            case CENTER -> together();
        };
    }

    String description() {
        return description;
    }

    /// The role's name on the command line.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Role> find(String name) {
        return Arrays.stream(values()).filter(role -> role.toString().equals(name)).findFirst();
    }

    static String names() {
        return Arrays.stream(values()).map(Role::toString).collect(Collectors.joining(", "));
    }
}
