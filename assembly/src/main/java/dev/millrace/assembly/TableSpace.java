package dev.millrace.assembly;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Where tables find room outside the heap.
public interface TableSpace {

    /// Zeroed memory of `bytes` bytes, aligned for longs, that lives until `arena` is closed.
    MemorySegment allocate(Arena arena, long bytes);

    /// Plain memory.
    static TableSpace memory() {
        return (arena, bytes) -> arena.allocate(bytes, Long.BYTES);
    }
}
