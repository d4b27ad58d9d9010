package dev.millrace.agent;

import dev.millrace.model.Tenant;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The collectors that there are, and which of them to ask.
///
/// The one with the fewest questions open is asked, and among equals the one whose turn it is. One
/// that failed is left alone, longer after every failure; after that a single question tries it.
/// One that has enough of a tenant is not asked for that tenant for as long as it wants, and is for
/// others.
///
/// Safe for threads.
final class Upstreams {

    static final long FIRST_PAUSE = 250_000_000L;
    static final long LONGEST_PAUSE = 5_000_000_000L;
    private static final long LONGEST_HOLD = 6 * LONGEST_PAUSE;

    /// One collector.
    static final class Upstream {
        private final InetSocketAddress address;
        private int open;
        private int failures;
        private boolean tried;
        private long pausedUntil;

        /// Until when tenants are left out; those of whom it is over are forgotten.
        private final Map<Tenant, Long> heldUntil = new HashMap<>();

        private Upstream(InetSocketAddress address, long now) {
            this.address = address;
            this.pausedUntil = now;
        }

        InetSocketAddress address() {
            return address;
        }

        private boolean isUsable(long now) {
            return now - pausedUntil >= 0 && (failures == 0 || !tried);
        }

        private long heldFor(@Nullable Tenant tenant, long now) {
            var until = tenant == null ? null : heldUntil.get(tenant);
            return until == null ? 0 : Math.max(0, until - now);
        }
    }

    private final RandomGenerator random;
    private List<Upstream> all = List.of();
    private int turn;

    Upstreams(RandomGenerator random) {
        this.random = random;
    }

    /// Takes over who there is now; those that stay keep what is known of them.
    synchronized void replace(List<InetSocketAddress> addresses, long now) {
        Map<InetSocketAddress, Upstream> known = new HashMap<>();
        all.forEach(upstream -> known.put(upstream.address, upstream));
        var next = new ArrayList<Upstream>();
        for (var address : addresses) {
            var upstream = known.get(address);
            next.add(upstream == null ? new Upstream(address, now) : upstream);
        }
        all = List.copyOf(next);
    }

    /// Chooses one and opens a question to it, which must be ended by [#succeeded(Upstream)] or
    /// [#failed].
    ///
    /// @param without those that were asked already
    /// @param tenant whose spans are to be sent; null for nobody's
    synchronized Optional<Upstream> ask(Set<Upstream> without, @Nullable Tenant tenant, long now) {
        Upstream best = null;
        for (int i = 0; i < all.size(); i++) {
            var upstream = all.get((turn + i) % all.size());
            if (!without.contains(upstream)
                    && upstream.isUsable(now)
                    && upstream.heldFor(tenant, now) == 0
                    && (best == null || upstream.open < best.open)) {
                best = upstream;
            }
        }
        if (best == null) {
            return Optional.empty();
        }
        turn = (all.indexOf(best) + 1) % all.size();
        best.open++;
        best.tried = best.failures > 0;
        return Optional.of(best);
    }

    synchronized void succeeded(Upstream upstream) {
        upstream.open--;
        upstream.failures = 0;
        upstream.tried = false;
    }

    /// Leaves it alone for a while.
    ///
    /// @param least how long it wants to be left alone
    synchronized void failed(Upstream upstream, Duration least, long now) {
        upstream.open--;
        upstream.tried = false;
        if (now - upstream.pausedUntil < 0) {
            // One of several questions that were open when it failed.
            return;
        }
        long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(upstream.failures, 8));
        // Agents that lost the same collector do not come back to it in step.
        pause = pause / 2 + random.nextLong(pause / 2 + 1);
        upstream.failures++;
        upstream.pausedUntil = now + Math.max(pause, Math.min(least.toNanos(), LONGEST_HOLD));
    }

    /// It answers, and wants nothing of a tenant for a while.
    synchronized void overRate(Upstream upstream, Tenant tenant, Duration after, long now) {
        succeeded(upstream);
        upstream.heldUntil.values().removeIf(until -> until - now <= 0);
        upstream.heldUntil.put(tenant, now + Math.min(after.toNanos(), LONGEST_HOLD));
    }

    /// How long a tenant is left out wherever others may be asked for, nanoseconds; 0 where it is
    /// not.
    synchronized long heldFor(Tenant tenant, long now) {
        return all.stream()
                .filter(upstream -> upstream.isUsable(now))
                .mapToLong(upstream -> upstream.heldFor(tenant, now))
                .min()
                .orElse(0);
    }

    synchronized boolean isOpen(long now) {
        return all.stream().anyMatch(upstream -> upstream.isUsable(now));
    }

    /// How long until one may be asked, nanoseconds, as far as time alone decides; at most a
    /// second.
    synchronized long untilOpen(long now) {
        return all.stream()
                .mapToLong(upstream -> Math.max(0, upstream.pausedUntil - now))
                .min()
                .stream()
                .map(wait -> Math.min(wait, 1_000_000_000L))
                .findFirst()
                .orElse(1_000_000_000L);
    }

    synchronized int size() {
        return all.size();
    }

    synchronized int usable(long now) {
        return (int)
                all.stream()
                        .filter(upstream -> upstream.failures == 0 && upstream.isUsable(now))
                        .count();
    }
}
