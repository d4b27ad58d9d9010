package dev.millrace.storage.elasticsearch;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.elasticsearch.BulkOutcome.Refused;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Refresh;
import dev.millrace.storage.elasticsearch.ElasticsearchConfig.Writes;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Writes documents, many in one request, and is done when they can be found.
///
/// What a server has no room for now is sent again, a few times, ever later; what it will never
/// have is told apart from that, document by document. A document may be written twice, under the
/// same id, which changes nothing. Where a shard is full, the next index is begun if there can be
/// one. Safe for any number of threads.
final class BulkWriter {

    private static final int ATTEMPTS = 5;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final int MAX_IN_FLIGHT = 4;
    private static final int TOO_LARGE = 413;
    private static final Set<Integer> LATER = Set.of(429, 502, 503, 504);

    // Of the line before each document, besides names.
    private static final int FRAME_BYTES = 64;

    private final RestClient client;
    private final Writes config;
    private final boolean throughAliases;
    private final FullIndices fullIndices;
    private final StoreMeters meters;

    /// @param throughAliases whether the names are of aliases, which must be there
    BulkWriter(
            RestClient client,
            Writes config,
            boolean throughAliases,
            FullIndices fullIndices,
            StoreMeters meters) {
        this.client = client;
        this.config = config;
        this.throughAliases = throughAliases;
        this.fullIndices = fullIndices;
        this.meters = meters;
    }

    /// Begins a write of any number of documents.
    Run begin() {
        return new Run();
    }

    /// One write. Requests go out while documents still come in. For one thread.
    final class Run implements AutoCloseable {

        private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);
        private final List<Future<List<Refused>>> sent = new ArrayList<>();
        private final Set<String> indices = new TreeSet<>();
        private List<BulkItem> next = new ArrayList<>();
        private long nextBytes;
        private volatile boolean failed;

        private Run() {}

        void add(BulkItem item) {
            long bytes =
                    (long) FRAME_BYTES
                            + item.index().length()
                            + item.id().length()
                            + item.source().length;
            if (!next.isEmpty() && nextBytes + bytes > config.bulkBytes().bytes()) {
                dispatch();
            }
            next.add(item);
            nextBytes += bytes;
            indices.add(item.index());
        }

        private void dispatch() {
            var items = next;
            next = new ArrayList<>();
            nextBytes = 0;
            inFlight.acquireUninterruptibly();
            if (failed) {
                // Everything will be written again; more of it now helps nobody.
                var _ = awaitAll();
            }
            sent.add(
                    executor.submit(() -> {
                        try {
                            return send(items);
                        } catch (RuntimeException e) {
                            failed = true;
                            throw e;
                        } finally {
                            inFlight.release();
                        }
                    }));
        }

        /// Returns when everything is durable and can be found.
        ///
        /// @throws StoreException of kind INVALID_REQUEST when that holds for all but some
        ///   documents, which no server will ever have; of another kind when any may be missing
        void finish() {
            if (!next.isEmpty()) {
                dispatch();
            }
            var refused = awaitAll();
            if (config.refresh() == Refresh.IMMEDIATE) {
                refresh(indices);
            }
            if (!refused.isEmpty()) {
                meters.refused(refused.size());
                var first = refused.getFirst();
                throw new StoreException(
                        Kind.INVALID_REQUEST,
                        first.item().owner()
                                + ": "
                                + first.reason()
                                + (refused.size() == 1
                                        ? ""
                                        : " (and " + (refused.size() - 1) + " documents more)"));
            }
        }

        private List<Refused> awaitAll() {
            var refused = new ArrayList<Refused>();
            @Nullable StoreException failure = null;
            for (var task : sent) {
                try {
                    refused.addAll(task.get());
                } catch (ExecutionException e) {
                    var cause = asStoreException(e.getCause());
                    failure = failure == null ? cause : failure;
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new StoreException(Kind.UNAVAILABLE, "interrupted while writing", e);
                }
            }
            if (failure != null) {
                throw failure;
            }
            return refused;
        }

        private static StoreException asStoreException(@Nullable Throwable cause) {
            return switch (cause) {
                case StoreException known -> known;
                case null, default ->
                        new StoreException(
                                Kind.BUG, "writing: " + cause, new IllegalStateException(cause));
            };
        }

        /// Ends requests under way.
        @Override
        public void close() {
            executor.shutdownNow();
            executor.close();
        }
    }

    private List<Refused> send(List<BulkItem> items) {
        var refused = new ArrayList<Refused>();
        var waiting = items;
        var relief = fullIndices.begin();
        long pause = FIRST_PAUSE.toNanos();
        for (int attempt = 1; ; attempt++) {
            var answer = client.postLines(path(), lines(waiting));
            meters.bulk(waiting.size());
            StoreException failure;
            if (answer.status() == TOO_LARGE) {
                refused.addAll(sendInHalves(waiting, answer.error()));
                return refused;
            }
            if (answer.isGood()) {
                var outcome = BulkOutcome.of(waiting, answer.body());
                refused.addAll(outcome.refused());
                if (outcome.waiting().isEmpty()) {
                    return refused;
                }
                waiting = outcome.waiting();
                failure =
                        new StoreException(
                                outcome.overloaded() ? Kind.OVER_CAPACITY : Kind.UNAVAILABLE,
                                "write: "
                                        + waiting.size()
                                        + " documents not taken, "
                                        + outcome.why()
                                        + relief.of(outcome.fullIndices()));
                meters.full(outcome.full());
            } else {
                failure = RestClient.failure("write", answer);
                if (!LATER.contains(answer.status())) {
                    throw failure;
                }
            }
            if (attempt == ATTEMPTS) {
                throw failure;
            }
            meters.retried();
            LockSupport.parkNanos(pause);
            if (Thread.currentThread().isInterrupted()) {
                throw failure;
            }
            pause *= 2;
        }
    }

    private List<Refused> sendInHalves(List<BulkItem> items, String why) {
        if (items.size() == 1) {
            return List.of(new Refused(items.getFirst(), why));
        }
        var refused = new ArrayList<>(send(items.subList(0, items.size() / 2)));
        refused.addAll(send(items.subList(items.size() / 2, items.size())));
        return refused;
    }

    private String path() {
        return "/_bulk?filter_path=items.*.status,items.*.error"
                + switch (config.refresh()) {
                    case WAIT -> "&refresh=wait_for";
                    case IMMEDIATE -> "";
                };
    }

    private byte[] lines(List<BulkItem> items) {
        var lines = new ByteArrayOutputStream();
        for (var item : items) {
            var target = Json.object().put("_index", item.index()).put("_id", item.id());
            if (throughAliases) {
                target.put("require_alias", true);
            }
            lines.writeBytes(Json.bytes(Json.object("index", target)));
            lines.write('\n');
            lines.writeBytes(item.source());
            lines.write('\n');
        }
        return lines.toByteArray();
    }

    private void refresh(Collection<String> indices) {
        for (var names : UrlNames.joined(indices)) {
            var answer =
                    client.post(
                            "/"
                                    + names
                                    + "/_refresh?ignore_unavailable=true"
                                    + "&filter_path=_shards.failed",
                            null);
            if (!answer.isGood()) {
                throw RestClient.failure("refresh", answer);
            }
            if (answer.body().path("_shards").path("failed").asInt() > 0) {
                throw new StoreException(Kind.UNAVAILABLE, "refresh: failed on some shards");
            }
        }
    }
}
