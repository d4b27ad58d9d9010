package dev.millrace.query;

/// Which kinds of questions are answered; the others are refused in every API, in words.
///
/// @param traceById what is the trace with this id
/// @param search which traces, services and operations are there
/// @param dependencies who calls whom, and how services fare
public record Questions(boolean traceById, boolean search, boolean dependencies) {

    public static final Questions ALL = new Questions(true, true, true);

    boolean areAll() {
        return equals(ALL);
    }
}
