package dev.millrace.query;

import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// How many questions each tenant may ask.
///
/// A tenant may be a second's worth of questions ahead of its rate and is then told how long to
/// wait. Remembers a bounded number of tenants; more, all active at once, share one account.
///
/// Safe for any number of threads.
final class RequestRates {

    /// How many tenants are remembered.
    static final int MOST_TENANTS = 10_000;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final RequestRateConfig config;
    private final LongSupplier nanoTime;
    private final Map<Tenant, Account> accounts = new ConcurrentHashMap<>();
    private final Account shared;
    private long lookAgain;

    /// @param nanoTime only differences count
    RequestRates(RequestRateConfig config, LongSupplier nanoTime) {
        this.config = config;
        this.nanoTime = nanoTime;
        this.lookAgain = nanoTime.getAsLong();
        this.shared = new Account(lookAgain);
    }

    /// Books one question.
    ///
    /// @return how long the tenant has to wait before it may ask it; zero, and only then is it
    ///   booked, when it may now
    Duration charge(Tenant tenant) {
        int perSecond = config.of(tenant);
        if (perSecond == 0) {
            return Duration.ZERO;
        }
        long now = nanoTime.getAsLong();
        return Duration.ofNanos(account(tenant, now).charge(perSecond, now));
    }

    /// What a tenant that has to wait is told.
    String refusal(Tenant tenant, Duration wait) {
        return "tenant %s: too many requests; ask again in %d ms (expected: at most %d in a second)"
                .formatted(tenant, Math.max(1, wait.toMillis()), config.of(tenant));
    }

    private Account account(Tenant tenant, long now) {
        var known = accounts.get(tenant);
        if (known != null) {
            return known;
        }
        if (accounts.size() >= MOST_TENANTS && !makeRoom(now)) {
            return shared;
        }
        return accounts.computeIfAbsent(tenant, _ -> new Account(now));
    }

    // Forgets accounts that are as good as new; looks through them all once a second at most.
    private synchronized boolean makeRoom(long now) {
        if (now - lookAgain >= 0) {
            lookAgain = now + SECOND;
            accounts.values().removeIf(account -> account.isNew(now));
        }
        return accounts.size() < MOST_TENANTS;
    }

    /// What one tenant has used, kept as the time up to which it has.
    private static final class Account {

        private long usedUntil;

        Account(long now) {
            usedUntil = now - SECOND;
        }

        synchronized long charge(int perSecond, long now) {
            long from = isNew(now) ? now - SECOND : usedUntil;
            long cost = SECOND / perSecond;
            long wait = from + cost - now;
            if (wait > 0) {
                return wait;
            }
            usedUntil = from + cost;
            return 0;
        }

        synchronized boolean isNew(long now) {
            return now - usedUntil >= SECOND;
        }
    }
}
