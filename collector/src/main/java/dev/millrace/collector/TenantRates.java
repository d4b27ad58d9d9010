package dev.millrace.collector;

import dev.millrace.collector.CollectorConfig.Rate;
import dev.millrace.collector.CollectorConfig.Rates;
import dev.millrace.model.Tenant;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// How fast each tenant may send.
///
/// A tenant may be ahead of its rate by a second's worth and by one request, however large, and
/// then waits until that is paid off: so the delay it is told is the true one. Remembers a bounded
/// number of tenants; more, all active at once, share one account.
///
/// Safe for any number of threads.
final class TenantRates {

    /// How many tenants are remembered.
    static final int MOST_TENANTS = 10_000;

    private static final Tenant OTHERS = Tenant.DEFAULT;

    private final Rates rates;
    private final LongSupplier nanoTime;
    private final Map<Tenant, Account> accounts = new ConcurrentHashMap<>();
    private final Account shared;
    private long lookAgain;

    /// @param nanoTime only differences count
    TenantRates(Rates rates, LongSupplier nanoTime) {
        this.rates = rates;
        this.nanoTime = nanoTime;
        lookAgain = nanoTime.getAsLong();
        shared = new Account(rates.of(OTHERS), lookAgain);
    }

    /// Checks that the tenant may send at all.
    ///
    /// @throws RefusedException with the time it has to wait when not
    void check(Tenant tenant) {
        charge(tenant, 0, 0);
    }

    /// Books what the tenant sends.
    ///
    /// @throws RefusedException with the time it has to wait when it is ahead of its rate
    void charge(Tenant tenant, long bytes, long spans) {
        var rate = rates.of(tenant);
        if (!rate.equals(Rate.UNLIMITED)) {
            long now = nanoTime.getAsLong();
            account(tenant, rate, now).charge(tenant, bytes, spans, now);
        }
    }

    /// Takes a booking back.
    void refund(Tenant tenant, long bytes, long spans) {
        var rate = rates.of(tenant);
        if (!rate.equals(Rate.UNLIMITED)) {
            account(tenant, rate, nanoTime.getAsLong()).refund(bytes, spans);
        }
    }

    private Account account(Tenant tenant, Rate rate, long now) {
        var known = accounts.get(tenant);
        if (known != null) {
            return known;
        }
        if (accounts.size() >= MOST_TENANTS && !makeRoom(now)) {
            return shared;
        }
        return accounts.computeIfAbsent(tenant, _ -> new Account(rate, now));
    }

    // Forgets accounts that are as good as new; looks through them all once a second at most.
    private synchronized boolean makeRoom(long now) {
        if (now - lookAgain >= 0) {
            lookAgain = now + TimeUnit.SECONDS.toNanos(1);
            accounts.values().removeIf(account -> account.isNew(now));
        }
        return accounts.size() < MOST_TENANTS;
    }

    /// What one tenant has used, of bytes and of spans.
    private static final class Account {

        private final Pace bytes;
        private final Pace spans;

        Account(Rate rate, long now) {
            bytes = new Pace("bytes", rate.bytes().bytes(), now);
            spans = new Pace("spans", rate.spans(), now);
        }

        synchronized void charge(Tenant tenant, long moreBytes, long moreSpans, long now) {
            bytes.check(tenant, now);
            spans.check(tenant, now);
            bytes.add(moreBytes, now);
            spans.add(moreSpans, now);
        }

        synchronized void refund(long lessBytes, long lessSpans) {
            bytes.subtract(lessBytes);
            spans.subtract(lessSpans);
        }

        synchronized boolean isNew(long now) {
            return bytes.isNew(now) && spans.isNew(now);
        }
    }

    /// A steady rate, kept as the time up to which it has been used.
    private static final class Pace {

        private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

        private final String what;
        private final long perSecond;
        private long usedUntil;

        Pace(String what, long perSecond, long now) {
            this.what = what;
            this.perSecond = perSecond;
            usedUntil = now - SECOND;
        }

        void check(Tenant tenant, long now) {
            long wait = usedUntil - now;
            if (perSecond > 0 && wait > 0) {
                var delay = Duration.ofNanos(wait);
                throw new Refusal(
                                Outcome.OVER_RATE,
                                "tenant "
                                        + tenant
                                        + ": ahead of its rate by "
                                        + delay.toMillis()
                                        + " ms (expected: at most "
                                        + perSecond
                                        + " "
                                        + what
                                        + " in a second)",
                                delay)
                        .asException();
            }
        }

        void add(long amount, long now) {
            if (perSecond > 0) {
                usedUntil = (isNew(now) ? now - SECOND : usedUntil) + nanos(amount);
            }
        }

        void subtract(long amount) {
            if (perSecond > 0) {
                usedUntil -= nanos(amount);
            }
        }

        boolean isNew(long now) {
            return perSecond == 0 || now - usedUntil >= SECOND;
        }

        // Requests are far too small for this to overflow.
        private long nanos(long amount) {
            return amount * SECOND / perSecond;
        }
    }
}
