package dev.millrace.agent;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds out which collectors stand behind the names that were configured.
///
/// A name that cannot be resolved stands for those that it stood for before. Every call may wait
/// for a name server. Not safe for threads.
final class Resolver {

    private static final Logger LOG = LoggerFactory.getLogger(Resolver.class);

    /// Asks for the addresses of a name.
    @FunctionalInterface
    interface Names {
        InetAddress[] find(String host) throws UnknownHostException;
    }

    private final List<Address> addresses;
    private final Names names;
    private final Map<Address, List<InetSocketAddress>> known = new LinkedHashMap<>();

    Resolver(List<Address> addresses, Names names) {
        this.addresses = addresses;
        this.names = names;
    }

    /// All collectors, in the order of their names, each once.
    List<InetSocketAddress> resolve() {
        for (var address : addresses) {
            try {
                var found = new ArrayList<InetSocketAddress>();
                for (var ip : names.find(address.host())) {
                    // Certificates are checked against the name.
                    var named = InetAddress.getByAddress(address.host(), ip.getAddress());
                    found.add(new InetSocketAddress(named, address.port()));
                }
                known.put(address, List.copyOf(found));
            } catch (UnknownHostException e) {
                LOG.atWarn()
                        .addKeyValue("collector", address)
                        .addKeyValue("error", e.toString())
                        .log("Name of a collector cannot be resolved");
            }
        }
        var all = new LinkedHashSet<InetSocketAddress>();
        addresses.forEach(address -> all.addAll(known.getOrDefault(address, List.of())));
        return List.copyOf(all);
    }
}
