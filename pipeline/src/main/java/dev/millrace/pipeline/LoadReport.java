package dev.millrace.pipeline;

import dev.millrace.model.Slice;
import dev.millrace.sampling.Load;
import dev.millrace.sampling.LoadFactor;
import dev.millrace.wire.otlp.MalformedSpansException;
import dev.millrace.wire.otlp.ProtoReader;
import dev.millrace.wire.otlp.ProtoWriter;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Says how busy this process's machine is, for the one that computes versions.
///
/// Who is calm says nothing. Whoever passes a mark says so at once, and again every five seconds
/// until calm, so that who falls silent while busy is forgotten after [#VALID_MILLIS]. Not safe for
/// threads.
final class LoadReport {

    /// For how long a record counts.
    static final long VALID_MILLIS = 15_000;

    private static final long LOOK_NANOS = 1_000_000_000;
    private static final long AGAIN_NANOS = 5_000_000_000L;
    private static final int CPU = 1;
    private static final int MEMORY = 2;

    private final TailConfig config;
    private final Consumer<Load> listener;
    private final LongSupplier nanoTime;
    private LoadFactor.State said = LoadFactor.State.CALM;
    private long saidAt;
    private long nextLook;

    /// @param listener is told; must not wait
    LoadReport(TailConfig config, Consumer<Load> listener, LongSupplier nanoTime) {
        this.config = config;
        this.listener = listener;
        this.nanoTime = nanoTime;
        this.nextLook = nanoTime.getAsLong();
    }

    /// Looks once a second.
    void step() {
        long now = nanoTime.getAsLong();
        if (now - nextLook < 0) {
            return;
        }
        nextLook = now + LOOK_NANOS;
        var load = config.machine().get();
        var state = config.load().of(load);
        if (state != said || (state != LoadFactor.State.CALM && now - saidAt >= AGAIN_NANOS)) {
            said = state;
            saidAt = now;
            listener.accept(load);
        }
    }

    /// The protobuf message `millrace.MachineLoad` in `version.proto`.
    static byte[] encode(Load load) {
        return new ProtoWriter(24)
                .fixed64(CPU, Double.doubleToLongBits(load.cpu()))
                .fixed64(MEMORY, Double.doubleToLongBits(load.memory()))
                .finish()
                .toByteArray();
    }

    /// @throws MalformedSpansException when the value is no load
    static Load decode(Slice value) {
        double cpu = Double.NaN;
        double memory = Double.NaN;
        var reader = ProtoReader.of(value);
        while (reader.next() != 0) {
            switch (reader.field()) {
                case CPU -> cpu = Double.longBitsToDouble(reader.fixed64());
                case MEMORY -> memory = Double.longBitsToDouble(reader.fixed64());
                default -> reader.skip();
            }
        }
        return new Load(cpu, memory);
    }
}
