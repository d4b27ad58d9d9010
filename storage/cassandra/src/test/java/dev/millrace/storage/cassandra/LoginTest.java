package dev.millrace.storage.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.cassandra.TestCluster.Login;
import dev.millrace.testkit.CassandraServer;
import dev.millrace.testkit.Certificates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Who is not let in, and whom we do not trust: a start says so, and what to change. What holds for
/// those who are let in is in [ExtraIndexContractTest].
@Timeout(120)
final class LoginTest {

    private final CassandraServer server = CassandraServer.shared();

    private void refused(Login login, String... words) {
        try (var store =
                new CassandraTraceStore(
                        login.config(TestCluster.KEYSPACE), new SimpleMeterRegistry())) {
            assertThatThrownBy(store::start)
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE))
                    .hasMessageContaining("expected: ")
                    .hasMessageContainingAll(words)
                    .hasMessageNotContaining("wrong-secret");
            assertThat(store.away()).contains("the store is not open");
        }
    }

    @Test
    void namesTheUserWhoseWordIsWrong() {
        refused(
                new Login(server.address(), CassandraServer.USER, "wrong-secret", null),
                "user cassandra is refused",
                "a role that may log in, with its password");
        refused(
                new Login(server.address(), "nobody", "wrong-secret", null),
                "user nobody is refused");
    }

    @Test
    void saysThatAUserIsWanted() {
        refused(
                new Login(server.address(), "", "", null),
                "no user is set, and a node wants one",
                "username and password");
    }

    @Test
    void doesNotTrustWhoIsSignedByOthers(@TempDir Path directory) {
        // Given
        var others = new Certificates(directory).authorityFile();
        var usual = new Login();

        // When, Then
        refused(
                new Login(
                        usual.address(),
                        usual.user(),
                        usual.password(),
                        new ServerTls(others, null, null)),
                "its certificate is not accepted",
                "signed by one in " + others);
        refused(
                new Login(usual.address(), usual.user(), usual.password(), ServerTls.USUAL),
                "signed by an authority that Java trusts");
    }

    @Test
    void doesNotTrustWhoIsCalledOtherwise() throws UnknownHostException {
        // Given
        var elsewhere =
                InetAddress.getByAddress(
                        "elsewhere.example", InetAddress.getLoopbackAddress().getAddress());
        var usual = Login.overTls();

        // When, Then
        refused(
                new Login(
                        new InetSocketAddress(elsewhere, server.address().getPort()),
                        usual.user(),
                        usual.password(),
                        usual.tls()),
                "its certificate is not accepted",
                "elsewhere.example");
    }

    @Test
    void namesTheFileThatHoldsNoCertificate(@TempDir Path directory) {
        // Given
        var missing = directory.resolve("authority.pem");
        var usual = new Login();
        var login =
                new Login(
                        usual.address(),
                        usual.user(),
                        usual.password(),
                        new ServerTls(missing, null, null));

        // When, Then
        try (var store =
                new CassandraTraceStore(
                        login.config(TestCluster.KEYSPACE), new SimpleMeterRegistry())) {
            assertThatThrownBy(store::start)
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("certificate-authority: ")
                    .hasMessageContaining(missing.toString());
        }
    }
}
