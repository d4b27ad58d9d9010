package dev.millrace.agent.spool;

import java.io.IOException;
import java.nio.file.Path;

/// Hears what happens to a spool besides parcels coming and going.
public interface SpoolObserver {

    /// Why spans left the spool without being sent.
    enum Reason {
        /// There was no room for newer ones.
        SIZE,
        /// They were older than the spool may hold.
        AGE
    }

    /// Spans were given up.
    void dropped(Reason reason, int spans);

    /// A segment was put aside because there is something in it that was not written by a spool.
    ///
    /// @param file where it lies now
    /// @param offset what came before that has been read
    /// @param bytes that are not read any more
    void setAside(Path file, long offset, long bytes, String found);

    /// The last frame of a segment was not written to its end; nobody was told that it was taken.
    void torn(Path file, long bytes);

    /// Something that only costs room or a parcel sent twice went wrong.
    void troubled(String what, IOException cause);
}
