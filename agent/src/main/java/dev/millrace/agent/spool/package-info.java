/// Spans on disk while nobody takes them: a segmented log of parcels.
///
/// Start with [Spool]. What it promises: a parcel whose append returned is found again after any
/// crash of the process or the machine, parcels leave in the order in which they came, and what is
/// given up for want of room or time, oldest first, is counted. It runs no threads and reads no
/// clock but the one it is given.
///
/// Who sends the parcels and when is for `dev.millrace.agent` to say.
@NullMarked
package dev.millrace.agent.spool;

import org.jspecify.annotations.NullMarked;
