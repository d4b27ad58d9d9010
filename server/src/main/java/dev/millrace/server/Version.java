package dev.millrace.server;

/// The version of the program, as the build wrote it into the jar.
final class Version {

    private Version() {}

    /// The version, or `development` when the classes do not come from a jar.
    static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
