package dev.millrace.storage.cassandra;

/// How many replicas have to answer before a request counts as done.
///
/// A trace is found as soon as it is written when reads and writes together reach more than all of
/// its replicas, as quorums do.
public enum Consistency {
    ONE,
    LOCAL_ONE,
    QUORUM,
    LOCAL_QUORUM,
    ALL
}
