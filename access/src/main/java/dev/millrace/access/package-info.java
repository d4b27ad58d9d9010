/// Who may come in, and as which tenant: TLS, credentials, tenants.
///
/// [Access] is the entry point: give it the headers and the TLS session of a request, get an
/// [Entry]. [Tls] puts certificates that may change at any time before a server's ports, and
/// [Entrance] is both together with what web pages of other origins may do, ready for a server
/// builder.
///
/// Nothing here knows spans, stores or Kafka. No secret is kept as it was written, and none appears
/// in a text made here.
@NullMarked
package dev.millrace.access;

import org.jspecify.annotations.NullMarked;
