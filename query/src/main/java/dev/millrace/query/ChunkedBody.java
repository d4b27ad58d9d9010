package dev.millrace.query;

import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponseWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Sends a response body in pieces, each only when the client has taken the one before, so that an
/// answer of any size needs the memory of one piece.
final class ChunkedBody extends OutputStream {

    private static final int CHUNK_BYTES = 64 * 1024;

    private final HttpResponseWriter response;
    private final Duration patience;
    private final Runnable taken;
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private int filled;

    /// @param patience how long the client may take for one piece
    /// @param taken hears of each piece that it took
    ChunkedBody(HttpResponseWriter response, Duration patience, Runnable taken) {
        this.response = response;
        this.patience = patience;
        this.taken = taken;
    }

    @Override
    public void write(int b) throws IOException {
        if (filled == CHUNK_BYTES) {
            send();
        }
        chunk[filled++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int end = offset + length;
        while (from < end) {
            if (filled == CHUNK_BYTES) {
                send();
            }
            int count = Math.min(end - from, CHUNK_BYTES - filled);
            System.arraycopy(bytes, from, chunk, filled, count);
            filled += count;
            from += count;
        }
    }

    /// Sends what is left and ends the response.
    @Override
    public void close() throws IOException {
        if (response.isOpen()) {
            if (filled > 0) {
                send();
            }
            response.close();
        }
    }

    private void send() throws IOException {
        if (!response.tryWrite(HttpData.wrap(Arrays.copyOf(chunk, filled)))) {
            throw new IOException("the client is gone");
        }
        filled = 0;
        awaitDemand();
    }

    private void awaitDemand() throws IOException {
        try {
            CompletableFuture.anyOf(response.whenConsumed(), response.whenComplete())
                    .get(patience.toNanos(), TimeUnit.NANOSECONDS);
            taken.run();
        } catch (TimeoutException e) {
            throw new IOException("the client read nothing for " + patience, e);
        } catch (ExecutionException e) {
            throw new IOException("the client is gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted").initCause(e);
        }
    }
}
