/// The test suite that every store passes.
///
/// A store's test class implements [StoreUnderTest] through [StoreContract], which is all of the
/// contracts, one for each thing a store does. All of them, always: what a store cannot do it
/// leaves out of its [Capability] set, and then the contract asserts that it refuses.
@NullMarked
package dev.millrace.storage.contract;

import org.jspecify.annotations.NullMarked;
