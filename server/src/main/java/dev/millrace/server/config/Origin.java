package dev.millrace.server.config;

import java.nio.file.Path;

/// Where a setting was made; in rising order of precedence, but for an alias, which is as strong as
/// the place it was made in.
public sealed interface Origin {

    /// Nobody set it.
    record Default() implements Origin {
        @Override
        public String toString() {
            return "default";
        }
    }

    /// What a kind of site has instead of the default.
    record OfProfile(Profile profile) implements Origin {
        @Override
        public String toString() {
            return "profile " + profile;
        }
    }

    /// A line, counted from 1, of the configuration file.
    record Line(Path file, int line) implements Origin {
        @Override
        public String toString() {
            return file + ":" + line;
        }
    }

    /// An environment variable.
    record Variable(String name) implements Origin {
        @Override
        public String toString() {
            return "environment " + name;
        }
    }

    /// A setting of somebody else's, which stands for one of ours.
    ///
    /// @param at where it was made
    /// @param name what it is called there
    record Alias(Origin at, String name) implements Origin {
        @Override
        public String toString() {
            return at instanceof Variable ? at.toString() : at + " " + name;
        }
    }

    /// An argument of the command line.
    ///
    /// @param name with the dashes before it
    record Flag(String name) implements Origin {

        static final Flag SET = new Flag("--set");

        @Override
        public String toString() {
            return "flag " + name;
        }
    }
}
