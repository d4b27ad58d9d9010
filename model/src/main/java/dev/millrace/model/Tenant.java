package dev.millrace.model;

/// Whose spans these are. Part of a trace's identity at every stage.
///
/// @param name 1 to 64 letters, digits, `-`, `_` or `.`
public record Tenant(String name) {

    /// Everybody, where tenants are not told apart.
    public static final Tenant DEFAULT = new Tenant("default");

    public Tenant {
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException(
                    "tenant: \""
                            + name
                            + "\" (expected: 1 to 64 letters, digits, '-', '_' or '.')");
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
