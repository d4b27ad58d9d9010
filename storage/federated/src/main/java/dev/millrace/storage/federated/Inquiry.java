package dev.millrace.storage.federated;

import dev.millrace.storage.api.StoreException;
import dev.millrace.storage.api.StoreException.Kind;
import dev.millrace.storage.api.TraceStore;
import dev.millrace.storage.federated.Panel.Seat;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One question to the federation, which may take several to its members: they are asked at once,
/// and have one deadline for all of it.
///
/// Where gaps are tolerated, a member that has failed once is not asked again. Not safe for
/// threads.
final class Inquiry {

    private final Panel panel;
    private final Duration patience;
    private final long begin = System.nanoTime();
    private final @Nullable Consumer<String> gaps;
    private final Set<Seat> away = new HashSet<>();
    private @Nullable StoreException firstFailure;

    /// What a member is asked.
    record Question<T>(Seat seat, Function<TraceStore, T> of) {}

    /// @param patience how long all of it may take
    /// @param gaps is told of members that do not answer; null when all of them have to
    Inquiry(Panel panel, Duration patience, @Nullable Consumer<String> gaps) {
        this.panel = panel;
        this.patience = patience;
        this.gaps = gaps;
    }

    /// The members that have not failed so far, in their order.
    List<Seat> present() {
        return panel.seats().stream().filter(seat -> !away.contains(seat)).toList();
    }

    /// Whether every member has answered what it was asked.
    boolean whole() {
        return away.isEmpty();
    }

    /// Asks everybody the same.
    ///
    /// @return in the order of members
    <T> List<T> ofAll(Function<TraceStore, T> question) {
        var questions = new LinkedHashMap<Seat, Question<T>>();
        present().forEach(seat -> questions.put(seat, new Question<>(seat, question)));
        return List.copyOf(answers(questions).values());
    }

    /// Asks one member.
    ///
    /// @return empty when it gave no answer
    <T> Optional<T> of(Seat seat, Function<TraceStore, T> question) {
        var answers = answers(Map.of(seat, new Question<>(seat, question)));
        return answers.values().stream().findFirst();
    }

    /// Asks several members at once.
    ///
    /// @return the answers in the order of questions; none of those who gave none
    /// @throws StoreException when a member fails that has to answer, or all have failed
    <K, T> Map<K, T> answers(Map<K, Question<T>> questions) {
        var asked = new LinkedHashMap<K, Future<T>>();
        var answers = new LinkedHashMap<K, T>();
        try {
            questions.forEach((key, question) -> ask(question, key, asked));
            for (var entry : asked.entrySet()) {
                var question = questions.get(entry.getKey());
                if (question != null) {
                    await(question.seat(), entry.getValue(), entry.getKey(), answers);
                }
            }
        } catch (Interruption _) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted");
        }
        return answers;
    }

    private <K, T> void ask(Question<T> question, K key, Map<K, Future<T>> asked) {
        var seat = question.seat();
        if (away.contains(seat)) {
            return;
        }
        try {
            asked.put(key, panel.ask(seat, question.of(), left()));
        } catch (StoreException e) {
            fail(seat, e);
        } catch (RejectedExecutionException e) {
            throw new StoreException(Kind.UNAVAILABLE, "closed", e);
        } catch (InterruptedException _) {
            throw new Interruption();
        }
    }

    private <K, T> void await(Seat seat, Future<T> answer, K key, Map<K, T> answers) {
        try {
            answers.put(key, answer.get(Math.max(0, left()), TimeUnit.NANOSECONDS));
        } catch (ExecutionException e) {
            fail(
                    seat,
                    switch (e.getCause()) {
                        case StoreException failure -> failure;
                        case Error error -> throw error;
                        case null, default ->
                                new StoreException(Kind.BUG, String.valueOf(e.getCause()), e);
                    });
        } catch (TimeoutException e) {
            fail(seat, new StoreException(Kind.UNAVAILABLE, "no answer within " + patience, e));
        } catch (InterruptedException _) {
            throw new Interruption();
        }
    }

    private long left() {
        return patience.toNanos() - (System.nanoTime() - begin);
    }

    private void fail(Seat seat, StoreException cause) {
        var failure =
                new StoreException(
                        cause.kind(), "store " + seat.name() + ": " + cause.getMessage(), cause);
        if (gaps == null || !isGap(cause.kind())) {
            throw failure;
        }
        if (!away.add(seat)) {
            return;
        }
        if (firstFailure == null) {
            firstFailure = failure;
        }
        if (away.size() == panel.seats().size()) {
            throw firstFailure;
        }
        gaps.accept(String.valueOf(failure.getMessage()));
    }

    // What makes no sense to one store makes none to the others, and our mistakes are to be seen.
    private static boolean isGap(Kind kind) {
        return switch (kind) {
            case NOT_SUPPORTED, OVER_CAPACITY, UNAVAILABLE, CORRUPT -> true;
            case INVALID_REQUEST, TOO_LARGE, BUG -> false;
        };
    }

    /// Refuses to say that there is nothing while somebody who may have it was not heard.
    void needEverybody() {
        if (firstFailure != null) {
            throw firstFailure;
        }
    }

    /// An interrupt on its way out of a callback.
    private static final class Interruption extends RuntimeException {

        private static final long serialVersionUID = 1;
    }
}
