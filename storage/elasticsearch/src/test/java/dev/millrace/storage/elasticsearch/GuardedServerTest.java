package dev.millrace.storage.elasticsearch;

import static dev.millrace.storage.contract.Samples.TIME;
import static dev.millrace.storage.contract.Samples.fragment;
import static dev.millrace.storage.contract.Samples.span;
import static dev.millrace.storage.contract.Samples.trace;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Tenant;
import dev.millrace.storage.api.ServerTls;
import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Connection;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Credentials;
import dev.millrace.testkit.Certificates;
import dev.millrace.testkit.search.SearchServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/// A server that speaks TLS and asks who comes: one with security of its own where the tests run
/// against such a one, which `./dev prove stores elasticsearch-8.19` sees to, or else a
/// [FrontDoor].
@ResourceLock("elasticsearch")
final class GuardedServerTest {

    private final SearchServer server = SearchServer.shared(SearchServer.Kind.ELASTICSEARCH);
    private final OnServer onServer = new OnServer(server, "guarded");
    @TempDir private Path directory;
    private @Nullable FrontDoor door;
    private URI uri = server.uri();
    private Path authority = Path.of("");
    private Credentials user = Credentials.NONE;
    private Credentials key = Credentials.NONE;

    @BeforeEach
    void open() throws IOException {
        var login = server.login();
        if (login.isPresent()) {
            authority = login.get().authority();
            user = OnServer.user(server);
            // What it would keep API keys in needs a module that its distribution lacks.
            key = user;
        } else {
            var certificates = new Certificates(Files.createDirectory(directory.resolve("server")));
            var opened = new FrontDoor(server.uri(), certificates);
            door = opened;
            uri = opened.uri();
            authority = certificates.authorityFile();
            user = new Credentials(FrontDoor.USER, FrontDoor.PASSWORD, "");
            key = new Credentials("", "", FrontDoor.API_KEY);
        }
    }

    @AfterEach
    void close() {
        var opened = door;
        if (opened != null) {
            opened.close();
        }
        onServer.close();
    }

    private ElasticsearchStore store(URI at, Credentials credentials, ServerTls tls) {
        var usual = onServer.config();
        return new ElasticsearchStore(
                new ElasticsearchConfig(
                        new Connection(List.of(at), credentials, tls, OnServer.TIMEOUT),
                        usual.indices(),
                        usual.tagsAsFields(),
                        usual.writes()),
                new SimpleMeterRegistry());
    }

    private ServerTls tls() {
        return new ServerTls(authority, null, null);
    }

    private static void doesNotStart(ElasticsearchStore refused, String... words) {
        try (var store = refused) {
            assertThatThrownBy(store::start)
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE))
                    .hasMessageContainingAll(words)
                    .hasMessageContaining("expected: ")
                    .hasMessageNotContaining("wrong-secret");
        }
    }

    @Test
    void letsAUserInAndSomebodyWithAKey() {
        try (var byUser = store(uri, user, tls());
                var byKey = store(uri, key, tls())) {
            // Given
            byUser.start();
            byKey.start();

            // When
            byUser.write(List.of(fragment(0, span(trace(1), 1, TIME))));
            byKey.write(List.of(fragment(1, span(trace(1), 2, TIME))));

            // Then
            for (var store : List.of(byUser, byKey)) {
                assertThat(store.trace(Tenant.DEFAULT, trace(1)).orElseThrow().spans()).hasSize(2);
            }
        }
    }

    @Test
    void namesTheUserWhoseWordIsWrong() {
        // Given
        var wrong = new Credentials(user.username(), "wrong-secret", "");

        // When, Then
        doesNotStart(
                store(uri, wrong, tls()),
                "localhost:" + uri.getPort(),
                "user " + user.username() + " is refused",
                "one that is known there, with its password",
                "security_exception");
    }

    @Test
    void leavesAWriteToBeTriedAgainByWhoeverHasTheSpans() {
        // Given
        var wrong = new Credentials(user.username(), "wrong-secret", "");

        // When, Then: they are not to blame
        try (var store = store(uri, wrong, tls())) {
            assertThatThrownBy(store::start).isInstanceOf(StoreException.class);
            assertThatThrownBy(() -> store.write(List.of(fragment(0, span(trace(1), 1, TIME)))))
                    .isInstanceOfSatisfying(
                            StoreException.class,
                            e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.UNAVAILABLE))
                    .hasMessageContaining("is refused");
        }
    }

    @Test
    void saysThatAKeyIsNoneAndThatSomeoneIsWanted() {
        // a:b, as the server would give it
        doesNotStart(store(uri, new Credentials("", "", "YTpi"), tls()), "the api-key is refused");
        doesNotStart(
                store(uri, Credentials.NONE, tls()),
                "it asks who we are",
                "username and password, or api-key");
    }

    @Test
    void doesNotTrustWhoIsSignedByOthers() throws IOException {
        // Given
        var others =
                new Certificates(Files.createDirectory(directory.resolve("others")))
                        .authorityFile();

        // When, Then
        doesNotStart(
                store(uri, user, new ServerTls(others, null, null)),
                "its certificate is not accepted",
                "signed by one in " + others);
        doesNotStart(store(uri, user, ServerTls.USUAL), "signed by an authority that Java trusts");
    }

    @Test
    void doesNotTrustWhoIsCalledOtherwise() {
        doesNotStart(
                store(URI.create("https://127.0.0.1:" + uri.getPort()), user, tls()),
                "its certificate is not accepted",
                "for the name that the server is called by");
    }
}
