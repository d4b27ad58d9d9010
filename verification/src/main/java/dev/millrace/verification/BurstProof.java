package dev.millrace.verification;

import java.time.Duration;

/// Sends ten times the usual rate for a while, and tells what became of it, of the memory and of
/// the delays.
public final class BurstProof {

    private static final int FACTOR = 10;

    private BurstProof() {}

    public static void main(String[] arguments) throws Exception {
        long seconds = arguments.length > 0 ? Long.parseLong(arguments[0]) : 30;
        SurgeRun.prove("burst", new Surge.Burst(FACTOR, Duration.ofSeconds(seconds)));
    }
}
