package dev.millrace.server;

/// Opens the parts of a process.
@FunctionalInterface
interface Wiring {

    /// Opens and starts the parts in the order the spans flow backwards: what others need comes
    /// first, what takes spans in comes last, since closing goes the other way round.
    ///
    /// @throws StartException when a part cannot start for a reason an operator can mend
    /// @throws Exception when it cannot for any other; those pushed so far are closed by the caller
    void open(Parts parts) throws Exception;
}
