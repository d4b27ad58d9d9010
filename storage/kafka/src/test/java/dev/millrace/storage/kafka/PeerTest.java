package dev.millrace.storage.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where an instance is reached, as text.
final class PeerTest {

    @ParameterizedTest
    @ValueSource(strings = {"localhost:1", "store-0.store.traces.svc:65535", "[::1]:9412"})
    void readsWhatItWrites(String text) {
        assertThat(Peer.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ":1", "host", "host:", "host:0", "host:65536", "host:x", "::1:9412"})
    void namesWhatIsNoInstance(String text) {
        assertThatThrownBy(() -> Peer.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("instance: \"" + text + "\" (expected: host:port)");
    }
}
