package dev.millrace.analysis;

/// One service's calls to another.
///
/// @param caller a service, or what is known of a caller that sends no spans
/// @param callee a service, or what is known of a callee that sends no spans
public record Dependency(String caller, String callee, Connection connection) implements Series {

    /// Calls a service from outside: nobody is known to have called it.
    public static final String USER = "user";
}
