package dev.millrace.server.config;

import java.nio.file.Path;

/// Where a setting was made, in rising order of precedence.
public sealed interface Origin {

    /// Nobody set it.
    record Default() implements Origin {
        @Override
        public String toString() {
            return "default";
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

    /// An argument of the command line.
    record Flag() implements Origin {
        @Override
        public String toString() {
            return "flag --set";
        }
    }
}
