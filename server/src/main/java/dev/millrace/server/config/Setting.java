package dev.millrace.server.config;

import java.util.Locale;
import java.util.regex.Pattern;

/// One key with the text somebody gave it.
public record Setting(String key, String value, Origin origin) {

    private static final Pattern SECRET =
            Pattern.compile("password|secret|jaas|token|credential|keystore\\.key");

    /// The value for human eyes: that of a key that looks like a secret is hidden.
    public String shown() {
        return SECRET.matcher(key.toLowerCase(Locale.ROOT)).find() ? "(hidden)" : value;
    }
}
