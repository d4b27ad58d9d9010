package dev.millrace.verification;

/// Sends one trace of a million spans through a Millrace that has other traffic, and tells what
/// became of it, of the memory and of the others.
public final class GiantProof {

    private static final int SPANS = 1_000_000;

    private GiantProof() {}

    public static void main(String[] arguments) throws Exception {
        int spans = arguments.length > 0 ? Integer.parseInt(arguments[0]) : SPANS;
        SurgeRun.prove("giant", new Surge.Giant(spans));
    }
}
