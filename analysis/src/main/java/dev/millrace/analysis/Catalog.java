package dev.millrace.analysis;

import dev.millrace.model.Slice;
import dev.millrace.model.SpanKind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The services, operations and links of one tenant that are told apart, each with a number.
///
/// Once there is no more room, new ones count as `other`. What was not seen for a while makes room
/// again, see [#tidied]. Not safe for threads.
final class Catalog {

    /// The service that stands for those there is no room for.
    static final int OTHER = 0;

    private static final int KINDS = SpanKind.values().length;
    private static final int CONNECTIONS = Connection.values().length;
    private static final Slice OTHER_NAME = utf8(Series.OTHER);
    private static final Slice USER_NAME = utf8(Dependency.USER);

    private final AnalysisConfig bounds;
    private final Texts nodes = new Texts();
    private final Map<String, Integer> services = new HashMap<>();
    private int peers;
    private final Texts operations = new Texts();
    private int[] operationsOf = new int[16];
    private final Map<Long, Integer> links = new HashMap<>();
    private long[] linkKeys = new long[16];
    private int[] linkUsedIn = new int[16];
    private long overflows;
    private boolean full;

    // Links repeat, so the last few are remembered where a look is enough.
    private final long[] recentKeys = new long[1024];
    private final int[] recentLinks = new int[1024];
    private int epoch;
    private int usedIn;

    Catalog(AnalysisConfig bounds, int epoch) {
        this.bounds = bounds;
        this.epoch = epoch;
        Arrays.fill(recentKeys, -1);
        int _ = nodes.add(0, OTHER_NAME, epoch);
    }

    private static Slice utf8(String text) {
        return Slice.of(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Says that the tenant has sent something.
    void use(int now) {
        usedIn = now;
    }

    int usedIn() {
        return usedIn;
    }

    /// Returns how often there was no room since it was asked last.
    long takeOverflows() {
        long taken = overflows;
        overflows = 0;
        return taken;
    }

    private void overflow() {
        overflows++;
        full = true;
    }

    int service(String name) {
        var known = services.get(name);
        if (known != null) {
            // Says that it is in use.
            return nodes.find(0, nodes.utf8(known), epoch);
        }
        if (services.size() >= bounds.maxServices()) {
            overflow();
            return OTHER;
        }
        var text = utf8(name);
        int number = nodes.find(0, text, epoch);
        if (number == Texts.NONE) {
            number = nodes.add(0, text, epoch);
        }
        services.put(name, number);
        return number;
    }

    /// What is known by another's word only.
    int peer(Slice name) {
        int number = nodes.find(0, name, epoch);
        if (number != Texts.NONE) {
            return number;
        }
        if (peers >= bounds.maxServices()) {
            overflow();
            return OTHER;
        }
        peers++;
        return nodes.add(0, name, epoch);
    }

    int user() {
        return peer(USER_NAME);
    }

    int operation(int service, int kind, Slice name) {
        int owner = service * KINDS + kind;
        int number = operations.find(owner, name, epoch);
        if (number != Texts.NONE) {
            return number;
        }
        if (service >= operationsOf.length) {
            operationsOf = Arrays.copyOf(operationsOf, Math.max(service + 1, service * 2));
        }
        if (service == OTHER || operationsOf[service] >= bounds.maxOperations()) {
            overflow();
            int other = operations.find(owner, OTHER_NAME, epoch);
            return other == Texts.NONE ? operations.add(owner, OTHER_NAME, epoch) : other;
        }
        operationsOf[service]++;
        return operations.add(owner, name, epoch);
    }

    int link(int caller, int callee, Connection connection) {
        long key = ((long) caller << 31 | callee) * CONNECTIONS + connection.number();
        int slot = (int) ((key * 0x9e3779b97f4a7c15L) >>> 54);
        if (recentKeys[slot] == key) {
            linkUsedIn[recentLinks[slot]] = epoch;
            return recentLinks[slot];
        }
        var known = links.get(key);
        int number;
        if (known != null) {
            number = known;
        } else if (links.size() >= bounds.maxDependencies()
                && (caller != OTHER || callee != OTHER)) {
            overflow();
            return link(OTHER, OTHER, connection);
        } else {
            number = add(key);
        }
        linkUsedIn[number] = epoch;
        recentKeys[slot] = key;
        recentLinks[slot] = number;
        return number;
    }

    private int add(long key) {
        int number = links.size();
        if (number == linkKeys.length) {
            linkKeys = Arrays.copyOf(linkKeys, number * 2);
            linkUsedIn = Arrays.copyOf(linkUsedIn, number * 2);
        }
        linkKeys[number] = key;
        links.put(key, number);
        return number;
    }

    Operation operation(int number) {
        int owner = operations.owner(number);
        return new Operation(
                nodes.text(owner / KINDS), operations.text(number), SpanKind.of(owner % KINDS));
    }

    Dependency link(int number) {
        long ends = linkKeys[number] / CONNECTIONS;
        return new Dependency(
                nodes.text((int) (ends >>> 31)),
                nodes.text((int) ends & Integer.MAX_VALUE),
                Connection.of((int) (linkKeys[number] % CONNECTIONS)));
    }

    /// Begins an epoch. Returns a catalog of what was used in the last few when that makes room
    /// that is missing, else this one; numbers of the two have nothing to do with each other.
    Catalog tidied(int newEpoch, int kept) {
        epoch = newEpoch;
        if (!full) {
            return this;
        }
        int since = newEpoch - kept;
        var next = new Catalog(bounds, newEpoch);
        services.forEach((name, number) -> {
            if (nodes.usedIn(number) >= since) {
                next.epoch = nodes.usedIn(number);
                int _ = next.service(name);
            }
        });
        for (int i = 0; i < operations.size(); i++) {
            int owner = operations.owner(i);
            String service = nodes.text(owner / KINDS);
            if (operations.usedIn(i) >= since && next.services.containsKey(service)) {
                next.epoch = operations.usedIn(i);
                int _ = next.operation(next.service(service), owner % KINDS, operations.utf8(i));
            }
        }
        for (int i = 0; i < links.size(); i++) {
            if (linkUsedIn[i] >= since) {
                next.epoch = linkUsedIn[i];
                var link = link(i);
                int _ =
                        next.link(
                                next.node(link.caller()),
                                next.node(link.callee()),
                                link.connection());
            }
        }
        next.epoch = newEpoch;
        next.usedIn = usedIn;
        next.overflows = overflows;
        next.full = false;
        return next;
    }

    private int node(String name) {
        return services.containsKey(name) ? service(name) : peer(utf8(name));
    }
}
