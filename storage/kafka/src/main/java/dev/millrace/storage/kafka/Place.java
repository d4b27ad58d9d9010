package dev.millrace.storage.kafka;

/// Where a question can be put.
sealed interface Place {

    /// To this instance itself.
    record Here() implements Place {

        @Override
        public String toString() {
            return "this instance";
        }
    }

    /// To another instance.
    record There(Peer peer) implements Place {

        @Override
        public String toString() {
            return peer.toString();
        }
    }
}
