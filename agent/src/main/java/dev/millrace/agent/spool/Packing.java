package dev.millrace.agent.spool;

import java.util.Locale;

/// How the body of a parcel is compressed. The number is the one on disk.
public enum Packing {
    IDENTITY(0),
    GZIP(1),
    ZSTD(2);

    private final byte number;

    Packing(int number) {
        this.number = (byte) number;
    }

    byte number() {
        return number;
    }

    static Packing of(byte number) throws CorruptFrameException {
        return switch (number) {
            case 0 -> IDENTITY;
            case 1 -> GZIP;
            case 2 -> ZSTD;
            default -> throw new CorruptFrameException("packing " + number, false);
        };
    }

    /// The name that gRPC has for it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
