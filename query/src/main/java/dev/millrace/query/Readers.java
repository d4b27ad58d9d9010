package dev.millrace.query;

import com.linecorp.armeria.common.HttpResponseWriter;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;

/// The clients that are reading answers: so many and no more. When one comes beyond that, the one
/// that has taken nothing for the longest is let go, so that however many read slowly, or nothing
/// at all, nobody else waits for them.
///
/// Safe for any number of threads.
final class Readers {

    private final int most;

    // By when each last took something, the longest ago first.
    private final Set<HttpResponseWriter> reading = new LinkedHashSet<>();
    private long letGo;

    Readers(int most) {
        this.most = most;
    }

    /// How many there are.
    synchronized int count() {
        return reading.size();
    }

    /// How many were let go so far.
    synchronized long letGo() {
        return letGo;
    }

    /// Takes in one more.
    void enter(HttpResponseWriter reader) {
        HttpResponseWriter idle;
        synchronized (this) {
            idle = reading.size() < most ? null : reading.iterator().next();
            if (idle != null) {
                reading.remove(idle);
                letGo++;
            }
            reading.add(reader);
        }
        if (idle != null) {
            idle.close(
                    new IOException(
                            "the client read too slowly while " + most + " others were reading"));
        }
    }

    /// Notes that a reader has taken a piece.
    synchronized void took(HttpResponseWriter reader) {
        if (reading.remove(reader)) {
            reading.add(reader);
        }
    }

    synchronized void leave(HttpResponseWriter reader) {
        reading.remove(reader);
    }
}
