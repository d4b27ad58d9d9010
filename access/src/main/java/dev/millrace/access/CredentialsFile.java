package dev.millrace.access;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.millrace.model.Tenant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A YAML file that lists who may come in:
///
/// ```yaml
/// - name: checkout              # shown in logs and audits
///   token-file: checkout.token  # or token, token-env, token-sha256 (hex)
///   tenants: [shop]             # or "*" for every tenant
/// - name: grafana
///   user: grafana
///   password-env: GRAFANA_PW    # or password, password-file, password-hash (PBKDF2)
///   tenants: [shop, bank]
/// - name: agents
///   certificate: agent.example  # common name, alternative name or subject of a client certificate
///   tenants: [bank]
/// ```
///
/// Every entry shows exactly one of token, password and certificate, and names tenants exactly
/// where tenants are told apart. Files of secrets are looked for beside this one; white space
/// around their content does not count.
final class CredentialsFile {

    private static final YAMLMapper YAML =
            YAMLMapper.builder()
                    .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();
    private static final Set<String> KEYS =
            Set.of(
                    "name",
                    "tenants",
                    "token",
                    "token-file",
                    "token-env",
                    "token-sha256",
                    "user",
                    "password",
                    "password-file",
                    "password-env",
                    "password-hash",
                    "certificate");
    private static final List<String> WAYS = List.of("token", "password", "certificate");
    private static final String EVERY_TENANT = "*";

    private final Path file;
    private final boolean tenants;
    private final Map<String, String> environment;
    private final Set<Path> files = new HashSet<>();
    private final Set<String> names = new HashSet<>();

    private CredentialsFile(Path file, boolean tenants, Map<String, String> environment) {
        this.file = file;
        this.tenants = tenants;
        this.environment = environment;
        files.add(file);
    }

    /// @param tenants whether entries name tenants
    /// @throws IllegalArgumentException when an entry is not as it should be; names the entry and
    ///   the key, and no secret
    static WatchedFiles.Content<Credentials> read(
            Path file, boolean tenants, Map<String, String> environment) throws IOException {
        var reading = new CredentialsFile(file, tenants, environment);
        var credentials = reading.credentials();
        return new WatchedFiles.Content<>(credentials, Set.copyOf(reading.files));
    }

    private Credentials credentials() throws IOException {
        JsonNode root;
        try {
            root = YAML.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            // Its message quotes the line, which may well hold a secret.
            var place = e.getLocation();
            throw new IllegalArgumentException(
                    file
                            + (place == null ? "" : ", line " + place.getLineNr())
                            + ": not YAML (expected: a list of credentials)");
        }
        if (!root.isArray() || root.isEmpty()) {
            throw new IllegalArgumentException(
                    file + ": no list (expected: a list of at least one credential)");
        }
        var builder = Credentials.builder();
        for (int i = 0; i < root.size(); i++) {
            var entry = root.get(i);
            var name = entry.path("name").asText("");
            try {
                add(builder, entry);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        file + ", entry " + (i + 1) + " (" + name + "): " + e.getMessage(), e);
            }
        }
        return builder.build();
    }

    private void add(Credentials.Builder builder, JsonNode entry) throws IOException {
        if (!entry.isObject()) {
            throw new IllegalArgumentException("not a credential (expected: name, tenants, ...)");
        }
        for (var field : entry.properties()) {
            if (!KEYS.contains(field.getKey())) {
                throw new IllegalArgumentException(
                        field.getKey() + ": unknown (expected: one of " + sorted(KEYS) + ")");
            }
        }
        var name = required(entry, "name");
        if (!names.add(name)) {
            throw new IllegalArgumentException("name: " + name + " twice (expected: once)");
        }
        var credential = credential(name, entry.get("tenants"));
        var ways = new ArrayList<String>();
        for (var field : entry.properties()) {
            var key = field.getKey();
            for (var way : WAYS) {
                if (key.equals(way) || key.startsWith(way + "-")) {
                    ways.add(key);
                }
            }
        }
        if (ways.size() != 1) {
            throw new IllegalArgumentException(
                    (ways.isEmpty() ? "nothing to show" : String.join(", ", ways))
                            + " (expected: one token, password or certificate)");
        }
        var way = ways.getFirst();
        if (way.startsWith("password") != entry.has("user")) {
            throw new IllegalArgumentException(
                    "user: "
                            + (entry.has("user") ? "with " + way : "none")
                            + " (expected: exactly where there is a password)");
        }
        switch (way) {
            case "certificate" -> builder.certificate(credential, required(entry, way));
            case "token-sha256" -> builder.token(credential, digest(required(entry, way)));
            case "password-hash" ->
                    builder.password(
                            credential,
                            required(entry, "user"),
                            new Credentials.Password.Hashed(hash(required(entry, way))));
            case "token", "token-file", "token-env" ->
                    builder.token(credential, Secret.of(secret(entry, way)));
            default ->
                    builder.password(
                            credential,
                            required(entry, "user"),
                            new Credentials.Password.Plain(Secret.of(secret(entry, way))));
        }
    }

    private Credential credential(String name, @Nullable JsonNode named) {
        if (!tenants) {
            if (named != null) {
                throw new IllegalArgumentException(
                        "tenants: " + named + " (expected: none, as tenants are not told apart)");
            }
            return new Credential(name, false, Set.of(Tenant.DEFAULT));
        }
        if (named != null && named.isTextual() && named.textValue().equals(EVERY_TENANT)) {
            return new Credential(name, true, Set.of());
        }
        if (named == null || !named.isArray() || named.isEmpty()) {
            throw new IllegalArgumentException(
                    "tenants: "
                            + (named == null ? "none" : named)
                            + " (expected: a list of at least one tenant, or \"*\")");
        }
        var all = new HashSet<Tenant>();
        for (var tenant : named) {
            all.add(new Tenant(tenant.asText()));
        }
        return new Credential(name, false, all);
    }

    private String secret(JsonNode entry, String key) throws IOException {
        var value = required(entry, key);
        if (key.endsWith("-file")) {
            var path = file.resolveSibling(value);
            files.add(path);
            value = Files.readString(path).strip();
            if (value.isEmpty()) {
                throw new IllegalArgumentException(key + ": " + path + " is empty");
            }
        } else if (key.endsWith("-env")) {
            var found = environment.get(value);
            if (found == null || found.isEmpty()) {
                throw new IllegalArgumentException(
                        key + ": " + value + " is not set (expected: a variable that is)");
            }
            value = found;
        }
        return value;
    }

    // Unlike most values, those that are wrong are not shown: they may be secrets after all.
    private static String required(JsonNode entry, String key) {
        var value = entry.get(key);
        if (value == null || !value.isValueNode() || value.asText().isBlank()) {
            throw new IllegalArgumentException(key + ": none (expected: a text)");
        }
        return value.asText();
    }

    private static Secret digest(String hex) {
        try {
            return Secret.ofDigest(HexFormat.of().parseHex(hex));
        } catch (IllegalArgumentException _) {
            throw new IllegalArgumentException(
                    "token-sha256: something else (expected: 64 hexadecimal digits)");
        }
    }

    private static PasswordHash hash(String text) {
        try {
            return PasswordHash.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("password-hash: " + e.getMessage(), e);
        }
    }

    private static String sorted(Set<String> keys) {
        return String.join(", ", keys.stream().sorted().toList());
    }
}
