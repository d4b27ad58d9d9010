package dev.millrace.access;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/// The names a client certificate goes by.
final class CertificateNames {

    // RFC 5280: e-mail address, DNS name, URI, IP address.
    private static final Set<Integer> READABLE_KINDS = Set.of(1, 2, 6, 7);

    private CertificateNames() {}

    /// Its alternative names, its common name and its subject as RFC 2253 writes it; none where the
    /// client showed no certificate. One that was shown has been verified by the handshake.
    static List<String> of(SSLSession session) {
        try {
            return session.getPeerCertificates()[0] instanceof X509Certificate certificate
                    ? of(certificate)
                    : List.of();
        } catch (SSLPeerUnverifiedException _) {
            return List.of();
        }
    }

    static List<String> of(X509Certificate certificate) {
        var names = new ArrayList<String>();
        try {
            var alternatives = certificate.getSubjectAlternativeNames();
            if (alternatives != null) {
                for (var alternative : alternatives) {
                    if (alternative.get(0) instanceof Integer kind
                            && READABLE_KINDS.contains(kind)
                            && alternative.get(1) instanceof String name) {
                        names.add(name);
                    }
                }
            }
            var subject = certificate.getSubjectX500Principal().getName();
            for (var part : new LdapName(subject).getRdns().reversed()) {
                if (part.getType().equalsIgnoreCase("CN")
                        && part.getValue() instanceof String name) {
                    names.add(name);
                }
            }
            names.add(subject);
        } catch (CertificateParsingException | InvalidNameException _) {
            // Names that cannot be read are nobody's.
            return List.copyOf(names);
        }
        return List.copyOf(names);
    }
}
