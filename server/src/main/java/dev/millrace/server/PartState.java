package dev.millrace.server;

/// Whether a part can do its job at this moment.
sealed interface PartState {

    /// It can.
    record Up() implements PartState {}

    /// It cannot, and why.
    record Down(String reason) implements PartState {}

    static PartState up() {
        return new Up();
    }

    static PartState down(String reason) {
        return new Down(reason);
    }
}
