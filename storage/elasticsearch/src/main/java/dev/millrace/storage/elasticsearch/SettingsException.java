package dev.millrace.storage.elasticsearch;

import java.io.IOException;

/// What keeps us from the servers until somebody changes settings, ours or theirs; waiting does not
/// help. The cause of a [dev.millrace.storage.api.StoreException] of which that is to be known.
final class SettingsException extends IOException {

    private static final long serialVersionUID = 1;

    SettingsException(String message) {
        super(message);
    }

    SettingsException(String message, Throwable cause) {
        super(message, cause);
    }
}
