package dev.millrace.storage.kafka;

import dev.millrace.model.Tenant;
import dev.millrace.model.Trace;
import dev.millrace.model.TraceId;
import dev.millrace.storage.api.DependencyMinute;
import dev.millrace.storage.api.DependencyStore;
import dev.millrace.storage.api.Expired;
import dev.millrace.storage.api.Fragment;
import dev.millrace.storage.api.Operation;
import dev.millrace.storage.api.SearchPage;
import dev.millrace.storage.api.TracePiece;
import dev.millrace.storage.api.TraceSearch;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.api.TraceVersion;
import dev.millrace.storage.contract.Capability;
import dev.millrace.storage.contract.StoreUnderTest;
import dev.millrace.storage.kafka.Deployment.Instance;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// What a store promises, of one that lives in processes which all contracts share.
///
/// What is written goes to the topics, and is read as soon as every copy of it has it. Each test
/// has tenants of its own, so that it finds nothing of those before.
abstract class DeployedContract implements StoreUnderTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final AtomicInteger TESTS = new AtomicInteger();

    private final String test = "test-" + TESTS.incrementAndGet();
    private final Shared store = new Shared();
    private int turn;

    abstract Deployment deployment();

    /// Who is asked, by turns.
    abstract List<Instance> asked();

    @Override
    public TraceStore store() {
        deployment().awaitRead();
        return store;
    }

    @Override
    public DependencyStore dependencies() {
        deployment().awaitRead();
        return store;
    }

    @Override
    public void write(List<Fragment> fragments) {
        deployment()
                .send(
                        fragments.stream()
                                .map(each ->
                                        new Fragment(
                                                each.id(),
                                                ours(each.tenant()),
                                                each.traceId(),
                                                each.body()))
                                .toList());
    }

    @Override
    public void writeFigures(List<DependencyMinute> minutes) {
        deployment()
                .sendFigures(minutes.stream().map(each -> of(ours(each.tenant()), each)).toList());
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.WRITING));
    }

    @Override
    public Duration window() {
        return Deployment.WINDOW;
    }

    private synchronized KafkaTraceStore next() {
        var all = asked();
        turn++;
        return all.get(turn % all.size()).store();
    }

    /// An answer that says it may lack something, as while partitions change hands, is no answer
    /// yet: a user would look again, and so it is asked for again.
    private <T> T whole(Function<TraceStore, T> question) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var gaps = new ArrayList<String>();
            var answer = question.apply(next().tolerating(gaps::add));
            if (gaps.isEmpty()) {
                return answer;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("no whole answer within " + PATIENCE + ": " + gaps);
            }
        }
    }

    private Tenant ours(Tenant tenant) {
        return new Tenant(tenant.equals(Tenant.DEFAULT) ? test : test + "-" + tenant);
    }

    private static DependencyMinute of(Tenant tenant, DependencyMinute minute) {
        return new DependencyMinute(
                tenant, minute.minute(), minute.partition(), minute.upTo(), minute.entries());
    }

    /// Asks one process after the other.
    private final class Shared implements TraceStore, DependencyStore {

        @Override
        public void write(List<Fragment> fragments) {
            next().write(fragments);
        }

        @Override
        public void writeDependencies(List<DependencyMinute> minutes) {
            next().writeDependencies(minutes);
        }

        /// Each process in the partitions that it has.
        @Override
        public Expired expire(Instant horizon) {
            return asked().stream()
                    .map(process -> process.store().expire(horizon))
                    .reduce(
                            Expired.NONE,
                            (a, b) ->
                                    new Expired(
                                            a.tooOld() + b.tooOld(), a.tooMuch() + b.tooMuch()));
        }

        @Override
        public Optional<Trace> trace(Tenant tenant, TraceId traceId) {
            return whole(process -> process.trace(ours(tenant), traceId));
        }

        @Override
        public Optional<TracePiece> piece(Tenant tenant, TraceId traceId, Optional<String> from) {
            return whole(process -> process.piece(ours(tenant), traceId, from));
        }

        @Override
        public TraceVersion version(Tenant tenant, TraceId traceId) {
            return whole(process -> process.version(ours(tenant), traceId));
        }

        @Override
        public SearchPage search(Tenant tenant, TraceSearch search) {
            return whole(process -> process.search(ours(tenant), search));
        }

        @Override
        public List<String> services(Tenant tenant) {
            return whole(process -> process.services(ours(tenant)));
        }

        @Override
        public List<Operation> operations(Tenant tenant, String service) {
            return whole(process -> process.operations(ours(tenant), service));
        }

        @Override
        public List<DependencyMinute> dependencies(Tenant tenant, long from, long to) {
            return next().dependencies(ours(tenant), from, to).stream()
                    .map(each -> of(tenant, each))
                    .toList();
        }

        @Override
        public void close() {
            // The processes outlive it.
        }
    }

    /// Gives up all traces, so that the windows that there are then are those of one test.
    void expireAll() {
        deployment().awaitRead();
        for (var process : asked()) {
            var _ = process.store().expire(Instant.ofEpochSecond(1L << 33));
        }
    }
}
