package dev.millrace.agent.spool;

import dev.millrace.model.Slice;

/// The oldest parcels of a spool, joined into one to be sent together.
///
/// @param parcel all of them as one
/// @param parcels how many there are
/// @param from where the first of them begins
/// @param to where the next one begins
public record Haul(Parcel parcel, int parcels, Place from, Place to) {

    /// A place in the spool.
    ///
    /// @param segment the number of the segment
    /// @param offset in it
    public record Place(long segment, long offset) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int bySegment = Long.compare(segment, other.segment);
            return bySegment != 0 ? bySegment : Long.compare(offset, other.offset);
        }
    }

    /// Makes one parcel out of several that join.
    static Parcel join(Iterable<Parcel> parcels, Parcel first) {
        int spans = 0;
        int size = 0;
        int length = 0;
        for (var parcel : parcels) {
            spans += parcel.spans();
            size += parcel.size();
            length += parcel.body().length();
        }
        byte[] body = new byte[length];
        int at = 0;
        for (var parcel : parcels) {
            var part = parcel.body();
            System.arraycopy(part.array(), part.offset(), body, at, part.length());
            at += part.length();
        }
        return new Parcel(first.tenant(), first.packing(), spans, size, Slice.of(body));
    }
}
