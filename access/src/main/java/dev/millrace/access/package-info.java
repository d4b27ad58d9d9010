/// Who may come in, and as which tenant: TLS, credentials, tenants.
@NullMarked
package dev.millrace.access;

import org.jspecify.annotations.NullMarked;
