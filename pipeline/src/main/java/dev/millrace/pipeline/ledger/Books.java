package dev.millrace.pipeline.ledger;

import dev.millrace.model.Tenant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Holds the entries of all stages against what the logs hold, cell by cell.
///
/// Each hop is checked from two sides that know nothing of each other: what one stage says it did,
/// and what lies in the topic after it. Not safe for threads.
public final class Books {

    /// How far a copy in `spans` has come.
    public enum Progress {
        /// It is accounted for by the entries.
        TAKEN,
        /// It belongs to a trace that is not complete.
        OPEN,
        /// It has not been read.
        UNREAD
    }

    /// No collector is known to have written a record.
    public static final long NO_WRITER = 0;

    private record Outcome(Cell cell, String reason) {}

    /// A partition of `spans` or of a site's topic.
    private record Place(String source, int partition) {
        static Place of(Cell cell) {
            return new Place(cell.source(), cell.partition());
        }
    }

    private static final List<Account> TAKEN_AS =
            List.of(
                    Account.KEPT,
                    Account.BEGUN,
                    Account.SAMPLED_OUT,
                    Account.DUPLICATE,
                    Account.DEAD_LETTERED,
                    Account.FORWARDED);

    private final boolean aggregated;
    private final long fromMinute;
    private final Set<String> sources;

    /// By cell and writer.
    private final Map<Cell, Map<Long, Long>> acknowledged = new HashMap<>();

    private final Map<Cell, Map<Long, Long>> inLog = new HashMap<>();
    private final Map<Cell, Long> doubled = new HashMap<>();
    private final Map<Cell, Long> head = new HashMap<>();
    private final Map<Account, Map<Cell, Long>> byAggregator = new HashMap<>();
    private final Map<Outcome, Long> sampledOut = new HashMap<>();
    private final Map<Account, Map<Cell, Long>> byIngester = new HashMap<>();
    private final Map<Progress, Map<Cell, Long>> progress = new HashMap<>();
    private final Map<Cell, Long> completeAndRead = new HashMap<>();
    private final Map<Cell, Long> completeAndWaiting = new HashMap<>();
    private final Map<Cell, Long> completeAhead = new HashMap<>();
    private final Map<Place, Long> logBegins = new HashMap<>();
    private final Map<Place, Long> completeBegins = new HashMap<>();
    private final Set<Place> missed = new HashSet<>();

    /// @param aggregated whether what is stored are completed traces; otherwise spans as they come
    /// @param fromMinute the first minute that is looked at
    public Books(boolean aggregated, long fromMinute) {
        this(aggregated, fromMinute, Set.of());
    }

    /// @param aggregated whether what is stored are completed traces; otherwise spans as they come
    /// @param fromMinute the first minute that is looked at
    /// @param sources the topics of the sites that are looked at besides our own
    public Books(boolean aggregated, long fromMinute, Set<String> sources) {
        this.aggregated = aggregated;
        this.fromMinute = fromMinute;
        this.sources = Set.copyOf(sources);
    }

    private boolean isLookedAt(Cell cell) {
        return cell.minute() >= fromMinute
                && (cell.source().equals(Cell.OURS) || sources.contains(cell.source()));
    }

    /// Takes an entry of any stage.
    public void post(LedgerEntry entry) {
        if (entry.stage() instanceof Stage.Aggregator owner
                && owner.missedFrom() < owner.missedTo()) {
            String source = sources.contains(owner.topic()) ? owner.topic() : Cell.OURS;
            missed.add(new Place(source, owner.partition()));
        }
        for (var posting : entry.postings()) {
            var cell = posting.cell();
            if (!isLookedAt(cell)) {
                continue;
            }
            switch (entry.stage()) {
                case Stage.Collector(long writer) -> {
                    if (posting.account() == Account.HEAD) {
                        add(head, cell, posting.copies());
                    } else {
                        add(in(acknowledged, cell), writer, posting.copies());
                    }
                }
                case Stage.Aggregator _ -> {
                    add(of(byAggregator, posting.account()), cell, posting.copies());
                    if (posting.account() == Account.SAMPLED_OUT) {
                        add(sampledOut, new Outcome(cell, posting.reason()), posting.copies());
                    }
                }
                case Stage.Ingester _ ->
                        add(of(byIngester, posting.account()), cell, posting.copies());
            }
        }
    }

    /// Copies found in `spans`.
    ///
    /// @param writer who wrote them, or [#NO_WRITER]
    public void inLog(Cell cell, long writer, Progress how, long copies) {
        if (isLookedAt(cell)) {
            add(in(inLog, cell), writer, copies);
            add(of(progress, how), cell, copies);
        }
    }

    /// Of copies found in `spans`: their record was there before.
    public void doubled(Cell cell, long copies) {
        if (isLookedAt(cell)) {
            add(doubled, cell, copies);
        }
    }

    /// Spans found in `traces-complete`.
    ///
    /// @param accounted whether their entry is among those that were posted
    /// @param read whether the ingester's entries tell what became of them
    public void complete(Cell cell, boolean accounted, boolean read, long spans) {
        if (!isLookedAt(cell)) {
            return;
        }
        if (accounted) {
            add(read ? completeAndRead : completeAndWaiting, cell, spans);
        } else if (read) {
            add(completeAhead, cell, spans);
        }
    }

    /// Of this partition everything since the minute is in the log.
    ///
    /// @param source as a [Cell] has it
    public void logBegins(String source, int partition, long minute) {
        logBegins.put(new Place(source, partition), minute);
    }

    /// The same of what comes from this partition into `traces-complete`.
    ///
    /// @param source as a [Cell] has it
    public void completeBegins(String source, int partition, long minute) {
        completeBegins.put(new Place(source, partition), minute);
    }

    /// What all of it comes to.
    public AuditReport close() {
        var cells = new HashSet<>(acknowledged.keySet());
        cells.addAll(inLog.keySet());
        cells.addAll(head.keySet());
        byAggregator.values().forEach(some -> cells.addAll(some.keySet()));
        byIngester.values().forEach(some -> cells.addAll(some.keySet()));
        cells.addAll(completeAndRead.keySet());
        cells.addAll(completeAndWaiting.keySet());
        var sums = new TreeMap<Tenant, Sum>(Comparator.comparing(Tenant::name));
        var faults = new ArrayList<Fault>();
        for (var cell : cells) {
            var sum = sums.computeIfAbsent(cell.tenant(), _ -> new Sum());
            new Closing(cell, sum, faults).run();
        }
        sampledOut.forEach((outcome, copies) -> {
            var sum = sums.computeIfAbsent(outcome.cell().tenant(), _ -> new Sum());
            sum.sampledOut.merge(outcome.reason(), copies, Long::sum);
        });
        faults.sort(
                Comparator.comparing(Fault::hop)
                        .thenComparing(fault -> fault.cell().tenant().name())
                        .thenComparing(fault -> fault.cell().source())
                        .thenComparingInt(fault -> fault.cell().partition())
                        .thenComparingLong(fault -> fault.cell().minute()));
        var balances = new ArrayList<Balance>();
        sums.forEach((tenant, sum) -> balances.add(sum.balance(tenant)));
        return new AuditReport(balances, faults);
    }

    private static <K> void add(Map<K, Long> to, K key, long copies) {
        to.merge(key, copies, Long::sum);
    }

    private static <K> Map<Cell, Long> of(Map<K, Map<Cell, Long>> all, K key) {
        return all.computeIfAbsent(key, _ -> new HashMap<>());
    }

    private static Map<Long, Long> in(Map<Cell, Map<Long, Long>> all, Cell cell) {
        return all.computeIfAbsent(cell, _ -> new HashMap<>());
    }

    private static <K> long at(Map<K, Map<Cell, Long>> all, K key, Cell cell) {
        return all.getOrDefault(key, Map.of()).getOrDefault(cell, 0L);
    }

    /// The totals of a tenant while they are summed up.
    private static final class Sum {
        private long acknowledged;
        private long unconfirmed;
        private long stored;
        private final TreeMap<String, Long> sampledOut = new TreeMap<>();
        private long duplicate;
        private long deadLettered;
        private long forwarded;
        private long expired;
        private long unread;
        private long open;
        private long waiting;

        Balance balance(Tenant tenant) {
            return new Balance(
                    tenant,
                    acknowledged,
                    unconfirmed,
                    stored,
                    sampledOut,
                    duplicate,
                    deadLettered,
                    forwarded,
                    expired,
                    unread,
                    open,
                    waiting);
        }
    }

    /// One cell, hop by hop.
    private final class Closing {

        private final Cell cell;
        private final Sum sum;
        private final List<Fault> faults;

        Closing(Cell cell, Sum sum, List<Fault> faults) {
            this.cell = cell;
            this.sum = sum;
            this.faults = faults;
        }

        void run() {
            long atHead = head.getOrDefault(cell, 0L);
            sum.acknowledged += atHead;
            if (atHead > 0) {
                sum.sampledOut.merge("head", atHead, Long::sum);
            }
            sum.unread += at(progress, Progress.UNREAD, cell);
            sum.open += at(progress, Progress.OPEN, cell) + at(byAggregator, Account.BEGUN, cell);
            sum.duplicate += at(byAggregator, Account.DUPLICATE, cell);
            sum.forwarded += at(byAggregator, Account.FORWARDED, cell);
            sum.deadLettered +=
                    at(byAggregator, Account.DEAD_LETTERED, cell)
                            + at(byIngester, Account.DEAD_LETTERED, cell);
            sum.stored +=
                    at(byIngester, Account.STORED, cell) - completeAhead.getOrDefault(cell, 0L);
            sum.waiting += completeAndWaiting.getOrDefault(cell, 0L);
            boolean whole = cell.minute() >= logBegins.getOrDefault(Place.of(cell), Long.MIN_VALUE);
            if (whole) {
                collectorToSpans();
                spansToNext();
            } else {
                collectorToNext();
            }
            if (aggregated) {
                boolean complete =
                        cell.minute()
                                >= completeBegins.getOrDefault(Place.of(cell), Long.MIN_VALUE);
                if (complete) {
                    aggregatorToTraces();
                    tracesToStore();
                } else {
                    aggregatorToStore();
                }
            }
        }

        private long handled() {
            return aggregated
                    ? TAKEN_AS.stream().mapToLong(as -> at(byAggregator, as, cell)).sum()
                    : storeSide();
        }

        private long storeSide() {
            return at(byIngester, Account.STORED, cell)
                    + at(byIngester, Account.DEAD_LETTERED, cell);
        }

        private void collectorToSpans() {
            var saidBy = acknowledged.getOrDefault(cell, Map.of());
            var foundOf = inLog.getOrDefault(cell, Map.of());
            var writers = new HashSet<>(saidBy.keySet());
            writers.addAll(foundOf.keySet());
            for (long writer : writers) {
                long said = saidBy.getOrDefault(writer, 0L);
                long found = foundOf.getOrDefault(writer, 0L);
                sum.acknowledged += said;
                sum.unconfirmed += Math.max(0, found - said);
                fault(Hop.COLLECTOR_TO_SPANS, Math.max(0, said - found));
            }
            long twice = doubled.getOrDefault(cell, 0L);
            sum.unconfirmed -= twice;
            fault(Hop.COLLECTOR_TO_SPANS, -twice);
        }

        private void spansToNext() {
            long found = at(progress, Progress.TAKEN, cell);
            fault(aggregated ? Hop.SPANS_TO_AGGREGATOR : Hop.SPANS_TO_STORE, found - handled());
        }

        /// Retention has taken what lies between: one stage's word against the other's.
        private void collectorToNext() {
            long said =
                    acknowledged.getOrDefault(cell, Map.of()).values().stream()
                            .mapToLong(Long::longValue)
                            .sum();
            long left = at(progress, Progress.OPEN, cell) + at(progress, Progress.UNREAD, cell);
            long lacking = said - handled() - left;
            sum.acknowledged += said;
            sum.unconfirmed += Math.max(0, -lacking);
            if (lacking > 0 && missed.contains(Place.of(cell))) {
                sum.expired += lacking;
            } else {
                fault(
                        aggregated ? Hop.SPANS_TO_AGGREGATOR : Hop.SPANS_TO_STORE,
                        Math.max(0, lacking));
            }
        }

        private void aggregatorToTraces() {
            long said = at(byAggregator, Account.KEPT, cell);
            long found =
                    completeAndRead.getOrDefault(cell, 0L)
                            + completeAndWaiting.getOrDefault(cell, 0L);
            fault(Hop.AGGREGATOR_TO_TRACES, said - found);
        }

        private void tracesToStore() {
            long found =
                    completeAndRead.getOrDefault(cell, 0L) + completeAhead.getOrDefault(cell, 0L);
            fault(Hop.TRACES_TO_STORE, found - storeSide());
        }

        private void aggregatorToStore() {
            long gone =
                    at(byAggregator, Account.KEPT, cell)
                            - storeSide()
                            - completeAndWaiting.getOrDefault(cell, 0L);
            sum.expired += Math.max(0, gone);
            fault(Hop.TRACES_TO_STORE, Math.min(0, gone));
        }

        /// @param copies that are missing after the hop; below 0, that are too many
        private void fault(Hop hop, long copies) {
            if (copies != 0) {
                faults.add(
                        new Fault(
                                hop,
                                copies > 0 ? Fault.Kind.LOST : Fault.Kind.DOUBLED,
                                cell,
                                Math.abs(copies)));
            }
        }
    }
}
