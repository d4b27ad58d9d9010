package dev.millrace.server.config;

import java.util.List;

/// The configuration of a process, and where each part of it came from.
///
/// @param values the checked tree
/// @param settings the setting in force for every key, in the order of the defaults
public record Configuration(MillraceConfig values, List<Setting> settings) {

    public Configuration {
        settings = List.copyOf(settings);
    }

    /// Every key with its value as YAML-like lines; what somebody set says where.
    public String describe() {
        var text = new StringBuilder();
        for (var setting : settings) {
            text.append(setting.key()).append(": ").append(setting.shown());
            if (!(setting.origin() instanceof Origin.Default)) {
                text.append("  # ").append(setting.origin());
            }
            text.append('\n');
        }
        return text.toString();
    }
}
