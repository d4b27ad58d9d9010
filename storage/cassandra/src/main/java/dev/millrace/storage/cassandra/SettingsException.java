package dev.millrace.storage.cassandra;

/// What keeps us from the nodes until somebody changes settings, ours or theirs; waiting does not
/// help. The cause of a [dev.millrace.storage.api.StoreException] of which that is to be known.
final class SettingsException extends Exception {

    private static final long serialVersionUID = 1;

    SettingsException(String message) {
        super(message);
    }

    SettingsException(String message, Throwable cause) {
        super(message, cause);
    }
}
