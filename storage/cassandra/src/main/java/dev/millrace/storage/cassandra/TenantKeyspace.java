package dev.millrace.storage.cassandra;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.model.Tenant;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The name of a tenant's keyspace: that of the default tenant, `_t_` and the tenant's name; where
/// Cassandra would not take that name, `_h_` and a digest of it.
final class TenantKeyspace {

    /// Of the name of a keyspace.
    private static final int MAX_LENGTH = 48;

    private static final int DIGEST_BYTES = 8;

    private TenantKeyspace() {}

    static String of(String keyspace, Tenant tenant) {
        if (tenant.equals(Tenant.DEFAULT)) {
            return keyspace;
        }
        String plain = keyspace + "_t_" + tenant.name();
        return tenant.name().matches("[a-z0-9_]+") && plain.length() <= MAX_LENGTH
                ? plain
                : keyspace + "_h_" + digest(tenant.name());
    }

    private static String digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            return HexFormat.of().formatHex(digest, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
