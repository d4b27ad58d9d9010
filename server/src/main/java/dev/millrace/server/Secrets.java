package dev.millrace.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Secrets among the settings, which may be in files of their own.
final class Secrets {

    private Secrets() {}

    static String password(String password, String file) {
        return secret("password", password, file);
    }

    /// What a setting or, if there is one, the file beside it says.
    static String secret(String name, String value, String file) {
        if (file.isEmpty()) {
            return value;
        }
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    name + "-file: " + file + " (expected: a file to be read)", e);
        }
    }
}
