package dev.millrace.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.RequestHeaders;
import dev.millrace.access.Entry.Admitted;
import dev.millrace.access.Entry.Denied;
import dev.millrace.access.Entry.Reason;
import dev.millrace.model.Tenant;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {

    // PBKDF2 of "correct horse", 1000 rounds, as Passlib writes it.
    private static final String HASH =
            "$pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M";

    private static final String CREDENTIALS =
            """
            - name: checkout
              token: token-of-checkout
              tenants: [shop]
            - name: grafana
              user: grafana
              password-env: GRAFANA_PASSWORD
              tenants: [shop, bank]
            - name: auditor
              user: auditor
              password-hash: %s
              tenants: "*"
            - name: backup
              # SHA-256 of "abc"
              token-sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
              tenants: [bank]
            """
                    .formatted(HASH);

    @TempDir Path folder;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(1);

    @AfterEach
    void stop() {
        scheduler.shutdownNow();
    }

    @Test
    void letsEverybodyInAsTheDefaultTenantWhereNothingIsAsked() {
        // When
        var entry = Access.open(meters).admit(headers("X-Scope-OrgID", "shop"), null);

        // Then
        assertThat(entry).isEqualTo(new Admitted(Tenant.DEFAULT, "anonymous"));
    }

    @Test
    void takesTheTenantByItsWordWhereNoCredentialIsAsked() {
        // Given
        var access = access(new AccessConfig(true, "X-Tenant", null, Duration.ofSeconds(1)));

        // When
        var named = access.admit(headers("x-tenant", "shop"), null);
        var unnamed = access.admit(headers("X-Scope-OrgID", "shop"), null);
        var invalid = access.admit(headers("X-Tenant", "shop|bank"), null);
        var twice = access.admit(headers("X-Tenant", "shop", "X-Tenant", "bank"), null);

        // Then
        assertThat(named).isEqualTo(new Admitted(new Tenant("shop"), "anonymous"));
        assertThat(reason(unnamed)).isEqualTo(Reason.NO_TENANT);
        assertThat(reason(invalid)).isEqualTo(Reason.INVALID_TENANT);
        assertThat(reason(twice)).isEqualTo(Reason.INVALID_TENANT);
    }

    @Test
    void knowsABearerByItsToken() throws IOException {
        // Given
        var access = access(CREDENTIALS);

        // Then
        assertThat(access.admit(headers("authorization", "Bearer token-of-checkout"), null))
                .isEqualTo(new Admitted(new Tenant("shop"), "checkout"));
        assertThat(access.admit(headers("authorization", "bearer abc"), null))
                .isEqualTo(new Admitted(new Tenant("bank"), "backup"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer token-of-checkou",
                "Bearer token-of-checkout2",
                "Bearer ",
                "Bearer",
                "Digest token-of-checkout",
                "Basic token-of-checkout",
                "Basic Z3JhZmFuYTo=",
                "token-of-checkout"
            })
    void turnsAwayWhatIsNobodysCredential(String shown) throws IOException {
        // When
        var entry = access(CREDENTIALS).admit(headers("authorization", shown), null);

        // Then
        assertThat(reason(entry)).isEqualTo(Reason.WRONG_CREDENTIAL);
        assertThat(denied("wrong_credential")).isEqualTo(1);
        assertThat(entry.toString()).doesNotContain("token-of");
    }

    @Test
    void turnsAwayWhoShowsNothingOrTwoThings() throws IOException {
        // Given
        var access = access(CREDENTIALS);
        var good = "Bearer token-of-checkout";

        // Then
        assertThat(reason(access.admit(headers(), null))).isEqualTo(Reason.NO_CREDENTIAL);
        assertThat(
                        reason(
                                access.admit(
                                        headers("authorization", good, "authorization", good),
                                        null)))
                .isEqualTo(Reason.WRONG_CREDENTIAL);
        assertThat(access.challenge()).contains("Bearer realm").contains("Basic realm");
    }

    @ParameterizedTest
    @CsvSource({
        "shop, ADMITTED",
        "bank, ADMITTED",
        "mint, WRONG_TENANT",
        "default, WRONG_TENANT",
        "Shop, WRONG_TENANT",
        "'', INVALID_TENANT",
        ", NO_TENANT"
    })
    void bindsACredentialToItsTenants(String tenant, String expected) throws IOException {
        // Given
        var shown = basic("grafana", "pass:word");

        // When
        var entry =
                access(CREDENTIALS)
                        .admit(
                                tenant == null
                                        ? headers("authorization", shown)
                                        : headers("authorization", shown, "X-Scope-OrgID", tenant),
                                null);

        // Then
        switch (entry) {
            case Admitted(var admitted, var principal) -> {
                assertThat(expected).isEqualTo("ADMITTED");
                assertThat(admitted.name()).isEqualTo(tenant);
                assertThat(principal).isEqualTo("grafana");
            }
            case Denied(var reason, _) -> assertThat(reason).hasToString(expected);
        }
    }

    @Test
    void computesASlowHashOnlyUntilThePasswordIsKnown() throws IOException {
        // Given
        var access = access(CREDENTIALS);
        var right =
                headers("authorization", basic("auditor", "correct horse"), "X-Scope-OrgID", "any");
        var wrong = headers("authorization", basic("auditor", "wrong"), "X-Scope-OrgID", "any");

        // When
        boolean slowAtFirst = access.isSlow(right);
        var guess = access.admit(wrong, null);
        boolean slowAfterAGuess = access.isSlow(right);
        var entry = access.admit(right, null);

        // Then
        assertThat(slowAtFirst).isTrue();
        assertThat(reason(guess)).isEqualTo(Reason.WRONG_CREDENTIAL);
        assertThat(slowAfterAGuess).isTrue();
        assertThat(entry).isEqualTo(new Admitted(new Tenant("any"), "auditor"));
        assertThat(access.isSlow(right)).isFalse();
        assertThat(access.admit(right, null)).isEqualTo(entry);
        assertThat(reason(access.admit(wrong, null))).isEqualTo(Reason.WRONG_CREDENTIAL);
    }

    @Test
    void readsSecretsFromFilesBesideIt() throws IOException {
        // Given
        Files.writeString(folder.resolve("secret"), "from-a-file\n");
        var access =
                access(
                        """
                        - {name: a, token-file: secret, tenants: [shop]}
                        """);

        // Then
        assertThat(access.admit(headers("authorization", "Bearer from-a-file"), null))
                .isInstanceOf(Admitted.class);
    }

    @Test
    void everybodyKnownIsTheDefaultTenantWhereTenantsAreNotToldApart() throws IOException {
        // Given
        var file = write("- {name: a, token: b}");
        var access = access(new AccessConfig(false, "X-Scope-OrgID", file, Duration.ofSeconds(1)));

        // Then
        assertThat(
                        access.admit(
                                headers("authorization", "Bearer b", "X-Scope-OrgID", "shop"),
                                null))
                .isEqualTo(new Admitted(Tenant.DEFAULT, "a"));
        assertThat(reason(access.admit(headers(), null))).isEqualTo(Reason.NO_CREDENTIAL);
    }

    @Test
    void readsAChangedFileAgainAndKeepsTheOldWhereTheNewIsBroken() throws IOException {
        // Given
        var config = config(write(CREDENTIALS));
        var watched = watched(config);
        var old = headers("authorization", "Bearer token-of-checkout");

        // When
        write("- {name: broken, token: token-of-broken, password: x, tenants: [shop]}");
        String logged;
        try (var logs = new Logs()) {
            watched.refresh();
            logged = logs.text();
        }
        var afterBroken = watched.current();
        write("- {name: new, token: token-of-new, tenants: [shop]}");
        watched.refresh();

        // Then
        assertThat(logged).contains("Kept the credentials").doesNotContain("token-of");
        assertThat(afterBroken.identify(Authorization.of(old), null))
                .isInstanceOf(Credentials.Identity.Known.class);
        assertThat(watched.current().identify(Authorization.of(old), null))
                .isInstanceOf(Credentials.Identity.Wrong.class);
        assertThat(reloads("failure")).isEqualTo(1);
        assertThat(reloads("success")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "name: a",
                "[]",
                "- a",
                "- {name: a, tenants: [shop]}",
                "- {token: s3cret, tenants: [shop]}",
                "- {name: a, token: s3cret}",
                "- {name: a, token: s3cret, tenants: []}",
                "- {name: a, token: s3cret, tenants: [a b]}",
                "- {name: a, token: s3cret, tenants: shop}",
                "- {name: a, token: s3cret, user: b, tenants: [shop]}",
                "- {name: a, password: s3cret, tenants: [shop]}",
                "- {name: a, password: s3cret, user: 'b:c', tenants: [shop]}",
                "- {name: a, token: s3cret, certificate: b, tenants: [shop]}",
                "- {name: a, token: s3cret, colour: b, tenants: [shop]}",
                "- {name: a, token: s3cret, token: s3cret, tenants: [shop]}",
                "- {name: a, token-sha256: s3cret, tenants: [shop]}",
                "- {name: a, user: b, password-hash: s3cret, tenants: [shop]}",
                "- {name: a, token-env: MISSING, tenants: [shop]}",
                "- {name: a, token-file: missing, tenants: [shop]}",
                "- {name: a, token: s3cret, tenants: [shop]}\n- {name: a, token: b, tenants: [b]}",
                "- {name: a, token: s3cret, tenants: [b]}\n- {name: b, token: s3cret, tenants: [b]}",
                "- {name: a, token: s3cret, tenants: [b]}\n- {name: b, token: s3cret\n"
            })
    void refusesACredentialThatIsNotAsItShouldBe(String text) throws IOException {
        // Given
        var config = config(write(text));

        // Then
        assertThatThrownBy(() -> access(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("credentials")
                .satisfies(failure -> {
                    for (Throwable e = failure; e != null; e = e.getCause()) {
                        assertThat(String.valueOf(e)).doesNotContain("s3cret");
                    }
                });
    }

    private Access access(String credentials) throws IOException {
        return access(config(write(credentials)));
    }

    private Access access(AccessConfig config) {
        var access = new Access(config, Map.of("GRAFANA_PASSWORD", "pass:word"), scheduler, meters);
        access.start();
        return access;
    }

    private WatchedFiles<Credentials> watched(AccessConfig config) {
        var file = config.credentials();
        if (file == null) {
            throw new IllegalArgumentException("credentials: null (expected: a file)");
        }
        var environment = Map.of("GRAFANA_PASSWORD", "pass:word");
        var watched =
                new WatchedFiles<>(
                        "credentials",
                        List.of(file),
                        () -> CredentialsFile.read(file, true, environment),
                        config.refresh(),
                        scheduler,
                        WatchedFiles.reloads(meters, "millrace.access.reloads", "Reloads"));
        watched.start();
        return watched;
    }

    private Path write(String credentials) throws IOException {
        return Files.writeString(folder.resolve("credentials.yaml"), credentials);
    }

    private static AccessConfig config(Path file) {
        return new AccessConfig(true, "X-Scope-OrgID", file, Duration.ofDays(1));
    }

    private static RequestHeaders headers(String... namesAndValues) {
        var headers = RequestHeaders.builder(HttpMethod.GET, "/");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers.build();
    }

    private static String basic(String user, String password) {
        return "Basic "
                + Base64.getEncoder()
                        .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private static Reason reason(Entry entry) {
        return ((Denied) entry).reason();
    }

    private double denied(String reason) {
        return meters.get("millrace.access.denied").tag("reason", reason).counter().count();
    }

    private double reloads(String outcome) {
        return meters.get("millrace.access.reloads").tag("outcome", outcome).counter().count();
    }
}
