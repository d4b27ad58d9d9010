package dev.millrace.verification;

import dev.millrace.verification.LinkQuality.Lane;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A link to a server that can be slow, lossy, silent or cut.
///
/// Cut, its connections break, and new ones come to nothing until it is mended. Silent, nothing
/// passes and nobody is told.
///
/// Safe for threads.
final class BadLink implements AutoCloseable {

    /// What passes at once: the smaller, the evener a slow link is.
    private static final int PIECE = 8 << 10;

    private final ServerSocket listener;
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final LongAdder bytes = new LongAdder();
    private final Direction there;
    private final Direction back;

    /// Waited on by pieces while the link is silent.
    private final Object silence = new Object();

    private volatile LinkQuality quality = LinkQuality.GOOD;
    private volatile boolean cut;
    private boolean silent;

    /// What all connections share on the way to the server, or back.
    private static final class Direction {
        private final Lane lane = new Lane(System.nanoTime());
        private final SplittableRandom random;

        Direction(SplittableRandom random) {
            this.random = random;
        }

        synchronized @Nullable Duration fault(LinkQuality quality) {
            return quality.next(random);
        }

        synchronized long take(int bytes, LinkQuality quality) {
            return lane.take(bytes, quality.bytesPerSecond(), System.nanoTime());
        }
    }

    /// @param target a port of this machine
    BadLink(int target) throws IOException {
        this(target, 1);
    }

    /// @param target a port of this machine
    /// @param seed of what is lost
    BadLink(int target, long seed) throws IOException {
        this.target = target;
        var random = new SplittableRandom(seed);
        there = new Direction(random.split());
        back = new Direction(random.split());
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /// How many bytes have passed, both ways.
    long bytes() {
        return bytes.sum();
    }

    /// Makes it better or worse from now on.
    void become(LinkQuality quality) {
        this.quality = quality;
    }

    void cut() {
        cut = true;
        open.forEach(BadLink::closeQuietly);
    }

    void silence() {
        synchronized (silence) {
            silent = true;
        }
    }

    /// Lets pass what comes, after [#cut()] or [#silence()].
    void mend() {
        cut = false;
        synchronized (silence) {
            silent = false;
            silence.notifyAll();
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                var client = listener.accept();
                if (cut) {
                    closeQuietly(client);
                } else {
                    connect(client);
                }
            } catch (IOException _) {
                // The listener was closed, or the server is not there.
            }
        }
    }

    private void connect(Socket client) throws IOException {
        open.add(client);
        try {
            var server = new Socket(InetAddress.getLoopbackAddress(), target);
            open.add(server);
            Thread.ofVirtual().start(() -> copy(client, server, there));
            Thread.ofVirtual().start(() -> copy(server, client, back));
        } catch (IOException e) {
            open.remove(client);
            closeQuietly(client);
            throw e;
        }
    }

    private void copy(Socket from, Socket to, Direction direction) {
        byte[] piece = new byte[PIECE];
        try {
            var in = from.getInputStream();
            var out = to.getOutputStream();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                if (!passes(read, direction)) {
                    break;
                }
                out.write(piece, 0, read);
                bytes.add(read);
            }
        } catch (IOException _) {
            // Cut, or closed by one side.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(from);
            open.remove(to);
            closeQuietly(from);
            closeQuietly(to);
        }
    }

    /// Holds a piece up for as long as it takes on its way, and says whether it gets there.
    private boolean passes(int size, Direction direction) throws InterruptedException {
        var worst = quality;
        var stall = direction.fault(worst);
        if (stall == null) {
            return false;
        }
        LockSupport.parkNanos(stall.toNanos() + direction.take(size, worst));
        synchronized (silence) {
            while (silent && !cut) {
                silence.wait();
            }
        }
        return !cut;
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone either way.
        }
    }

    @Override
    public void close() {
        cut();
        synchronized (silence) {
            silence.notifyAll();
        }
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
