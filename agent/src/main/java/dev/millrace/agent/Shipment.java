package dev.millrace.agent;

import dev.millrace.agent.spool.Packing;
import dev.millrace.agent.spool.Parcel;
import dev.millrace.model.Slice;
import java.util.List;

/// Fresh spans, packed, with those who wait for their fate.
///
/// @param parts all of one tenant
/// @param since when the first of them came, nanoseconds
record Shipment(List<Part> parts, Parcel parcel, long since) {

    static Shipment of(List<Part> parts, Packing packing, long since) {
        int spans = 0;
        int size = 0;
        for (var part : parts) {
            spans += part.spans();
            size += part.body().length();
        }
        byte[] body = new byte[size];
        int at = 0;
        for (var part : parts) {
            var slice = part.body();
            System.arraycopy(slice.array(), slice.offset(), body, at, slice.length());
            at += slice.length();
        }
        return new Shipment(
                List.copyOf(parts),
                new Parcel(
                        parts.getFirst().tenant(),
                        packing,
                        spans,
                        size,
                        Packer.pack(packing, Slice.of(body))),
                since);
    }

    void taken() {
        parts.forEach(part -> part.taken().complete(null));
    }

    void refused(RuntimeException why) {
        parts.forEach(part -> part.taken().completeExceptionally(why));
    }
}
