package dev.millrace.access;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Whether callers must show who they are and whether tenants are told apart.
///
/// Without tenants every request belongs to the default one, and a tenant header is ignored: those
/// who set it by habit are not turned away.
///
/// @param tenants whether tenants are told apart
/// @param tenantHeader the request header that names the tenant
/// @param credentials the file that lists who may come in; null lets everybody in
/// @param refresh how often the file is looked at for changes
public record AccessConfig(
        boolean tenants, String tenantHeader, @Nullable Path credentials, Duration refresh) {

    public static final String DEFAULT_TENANT_HEADER = "X-Scope-OrgID";
    public static final Duration DEFAULT_REFRESH = Duration.ofSeconds(10);

    /// Everybody may come in, as the default tenant.
    public static final AccessConfig OPEN =
            new AccessConfig(false, DEFAULT_TENANT_HEADER, null, DEFAULT_REFRESH);

    public AccessConfig {
        if (!tenantHeader.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")) {
            throw new IllegalArgumentException(
                    "tenant-header: \"" + tenantHeader + "\" (expected: the name of a header)");
        }
        checkRefresh(refresh);
    }

    static void checkRefresh(Duration refresh) {
        if (refresh.compareTo(Duration.ofMillis(10)) < 0
                || refresh.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    "refresh: " + refresh + " (expected: 10 ms to 1 day)");
        }
    }
}
