package dev.millrace.server;

/// The program.
public final class Main {

    private Main() {}

    public static void main(String[] arguments) {
        System.exit(Commands.commandLine(System.getenv()).execute(arguments));
    }
}
